"""Walks through what msgraph-sdk does with files; prints a line for each step.

Arguments: base URL of the API; the tokens of Alice, Bob and an application, in this order.
"""

import asyncio
import io
import re
import sys
import time

from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.drives.item.items.item.checkin.checkin_post_request_body import CheckinPostRequestBody
from msgraph.generated.drives.item.items.item.children.children_request_builder import ChildrenRequestBuilder
from msgraph.generated.drives.item.items.item.copy.copy_post_request_body import CopyPostRequestBody
from msgraph.generated.drives.item.items.item.create_link.create_link_post_request_body import CreateLinkPostRequestBody
from msgraph.generated.drives.item.items.item.create_upload_session.create_upload_session_post_request_body import (
    CreateUploadSessionPostRequestBody,
)
from msgraph.generated.drives.item.items.item.drive_item_item_request_builder import DriveItemItemRequestBuilder
from msgraph.generated.drives.item.items.item.invite.invite_post_request_body import InvitePostRequestBody
from msgraph.generated.models.drive_item import DriveItem
from msgraph.generated.models.drive_item_uploadable_properties import DriveItemUploadableProperties
from msgraph.generated.models.drive_recipient import DriveRecipient
from msgraph.generated.models.folder import Folder
from msgraph.generated.models.item_reference import ItemReference
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core.tasks.large_file_upload import LargeFileUploadTask
from msgraph_core.tasks.page_iterator import PageIterator

BASE, ALICE, BOB, BUILDER = sys.argv[1:]


class Token:
    """What azure-identity calls a credential."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **options):
        return AccessToken(self.token, int(time.time()) + 3600)


def client(token):
    provider = AzureIdentityAuthenticationProvider(Token(token), scopes=[".default"], allowed_hosts=["127.0.0.1"])
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = BASE
    return GraphServiceClient(request_adapter=adapter), adapter


def say(step, *what):
    print(step + ":", *what)


async def refused(step, call):
    try:
        await call
    except ODataError as error:
        say(step, error.response_status_code, error.error.code, error.error.inner_error.additional_data.get("code"), "-", error.error.message)
    else:
        sys.exit(step + ": was not refused")


async def main():
    (alice, adapter), (bob, _), (builder, _) = client(ALICE), client(BOB), client(BUILDER)

    drive = await alice.me.drive.get()
    say("drive", drive.drive_type, drive.name, drive.quota.state, drive.owner.user.display_name)
    say("me", (await alice.me.get()).user_principal_name)
    site = await alice.sites.by_site_id("root").drive.get()
    say("the drive of the site", site.drive_type, site.name)
    items = alice.drives.by_drive_id(site.id).items
    theirs = bob.drives.by_drive_id(site.id).items
    its = builder.drives.by_drive_id(site.id).items

    # make
    folder = await items.by_drive_item_id("root").children.post(DriveItem(name="Plans", folder=Folder()))
    say("folder", folder.name, folder.folder.child_count, folder.parent_reference.name)
    await refused("the same folder again", items.by_drive_item_id("root").children.post(DriveItem(name="Plans", folder=Folder())))
    small = await items.by_drive_item_id("root:/Plans/small.txt:").content.put(b"small")
    say("small upload", small.name, small.size, small.file.mime_type, small.file.hashes.quick_xor_hash)

    large = bytes(range(256)) * 5000
    about = CreateUploadSessionPostRequestBody(
        item=DriveItemUploadableProperties(additional_data={"@microsoft.graph.conflictBehavior": "replace"})
    )
    session = await items.by_drive_item_id("root:/Plans/large.bin:").create_upload_session.post(about)
    task = LargeFileUploadTask(session, adapter, io.BytesIO(large), DriveItem, 327680)
    uploaded = await task.upload()
    say("large upload", uploaded.item_response.name, uploaded.item_response.size)

    # look
    for number in range(5):
        await items.by_drive_item_id(f"root:/Plans/page {number}.txt:").content.put(b"%d" % number)
    few = ChildrenRequestBuilder.ChildrenRequestBuilderGetQueryParameters(top=3, orderby=["name"])
    page = await items.by_drive_item_id(folder.id).children.get(
        request_configuration=ChildrenRequestBuilder.ChildrenRequestBuilderGetRequestConfiguration(query_parameters=few)
    )
    names = []
    await PageIterator(page, adapter).iterate(lambda item: names.append(item.name) or True)
    say("listed page by page", names)
    say("download", await items.by_drive_item_id(small.id).content.get())
    say("download of what is large", await items.by_drive_item_id(uploaded.item_response.id).content.get() == large)
    await refused("what is not there", items.by_drive_item_id("root:/Plans/nothing.txt:").get())

    # check out, and change what nobody sees
    file = items.by_drive_item_id(small.id)
    his = theirs.by_drive_item_id(small.id)
    await file.checkout.post()
    chosen = DriveItemItemRequestBuilder.DriveItemItemRequestBuilderGetQueryParameters(select=["id", "publication"])
    about = DriveItemItemRequestBuilder.DriveItemItemRequestBuilderGetRequestConfiguration(query_parameters=chosen)
    publication = (await his.get(request_configuration=about)).publication
    say("check out", publication.level, publication.version_id, publication.checked_out_by.user.display_name)
    await file.content.put(b"changed")
    say("the draft, for its holder and for others", await file.content.get(), await his.content.get())
    await refused("written by another", his.content.put(b"mine"))
    await refused("checked out by another", his.checkout.post())
    await refused("discarded by another", his.discard_checkout.post())
    await file.checkin.post(CheckinPostRequestBody(comment="by the SDK", check_in_as="published"))
    say("check in", await his.content.get())
    versions = (await file.versions.get()).value
    say("versions", [(version.id, version.size, version.additional_data.get("comment")) for version in versions])
    say("the first version", await file.versions.by_drive_item_version_id("1.0").content.get())
    await file.versions.by_drive_item_version_id("1.0").restore_version.post()
    say("restored", await his.content.get(), [version.id for version in (await his.versions.get()).value])

    # discard
    await his.checkout.post()
    await his.content.put(b"never seen")
    await its.by_drive_item_id(small.id).discard_checkout.post()
    say("discarded by an application", await his.content.get(), await file.content.get())
    await refused("check in what is not checked out", file.checkin.post(CheckinPostRequestBody(comment="")))

    # what else a client does
    renamed = await file.patch(DriveItem(name="renamed.txt", description="a plan"))
    say("rename", renamed.name, renamed.description)
    await file.copy.post(CopyPostRequestBody(name="copied.txt", parent_reference=ItemReference(drive_id=site.id, id=folder.id)))
    for _ in range(600):
        try:
            copied = await items.by_drive_item_id("root:/Plans/copied.txt:").get()
            break
        except ODataError:
            await asyncio.sleep(0.1)
    say("copy", copied.name, copied.size)
    found = await items.by_drive_item_id("root").search_with_q("copied").get()
    say("search", [item.name for item in found.value])
    # to share takes a manager, which she is at home
    home = alice.drives.by_drive_id(drive.id).items
    note = await home.by_drive_item_id("root:/note.txt:").content.put(b"a note")
    own = home.by_drive_item_id(note.id)
    link = await own.create_link.post(CreateLinkPostRequestBody(type="view", scope="organization"))
    say("link", link.link.type, link.link.scope, link.roles)
    invited = await own.invite.post(
        InvitePostRequestBody(
            recipients=[DriveRecipient(email="erin@demo.example")], roles=["read"], require_sign_in=True, send_invitation=False
        )
    )
    say("invite", [(permission.roles, permission.granted_to_v2.user.display_name) for permission in invited.value])
    changes = await items.by_drive_item_id("root").delta.get()
    latest = changes.odata_delta_link
    await file.delete()
    await refused("what was deleted", file.get())
    changes = await items.by_drive_item_id("root").delta.with_url(latest).get()
    say("delta", [(item.name, item.deleted and item.deleted.state) for item in changes.value if item.id == small.id])
    await items.by_drive_item_id(folder.id).delete()
    await refused("what was in a deleted folder", items.by_drive_item_id("root:/Plans/large.bin:").get())


asyncio.run(main())
