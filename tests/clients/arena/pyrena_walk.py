"""Walks through what pyrena does with files; prints a line for each step. Arguments: base URL, password."""

import re
import sys

import pyrena

BASE, PASSWORD = sys.argv[1:]


class Here(pyrena.Arena):
    """The client as it is, but for the address: it sets its own, and this one stays."""

    base_url = property(lambda self: BASE, lambda self, theirs: None)


def say(step, *what):
    print(step + ":", *what)


def refused(step, call):
    try:
        call()
    except pyrena.ArenaHTTPError as error:
        # GUIDs are drawn
        say(step, re.sub(r"\b[0-9A-Z]{20}\b", "GUID", str(error)))
    else:
        sys.exit(step + ": was not refused")


ann = Here("ann@example.com", PASSWORD)
bob = Here("bob@example.com", PASSWORD)
say("log in", ann.me.fullName, bob.me.fullName)

# find
file = ann.find(ann.File, name="plan.txt")
say("find by name", file.number, file.title)
say("find by number", ann.find(ann.File, number="FILE-00000*").name)
say("find nothing", ann.Listing(ann.File, title="nothing like it"))
say("find in a category", [found.name for found in ann.Listing(ann.File, category=ann.FileCategory(file.category["guid"]))])
refused("find by what is no attribute", lambda: ann.Listing(ann.File, colour="red"))
file.reload()
say("show", file.edition, file.latest, file.locked, file.size, file.mimeType)
say("content", file.content)
say("editions", [(edition.edition, edition.latest) for edition in file.editions])
say("corrections", file.corrections)
say("categories", [category.path for category in ann.Listing(ann.FileCategory)])
say("attributes", "title" in [attribute.apiName for attribute in ann.Listing(ann.FileAttribute)])
say("user", ann.User(ann.me.guid).email)

# check out, and cancel
file.check_out("for review")
say("check out", file.checkedOut, file.comment, file.file["checkoutUser"]["fullName"])
his = bob.find(bob.File, name="plan.txt")
refused("check out what is checked out", his.check_out)
refused("cancel somebody else's check-out", his.cancel_check_out)
his.reload()
say("seen by the other", his.checkedOut, his.checkoutUser["email"], his.locked)

# it says that its form is JSON
with open("changed.txt", "w") as changed:
    changed.write("changed")
refused("check in", lambda: file.check_in("changed.txt"))
refused("new content", lambda: file.update_file_contents("changed.txt"))

file.cancel_check_out("never mind")
say("cancel", file.checkedOut, file.comment)
refused("cancel again", file.cancel_check_out)

# a file whose bytes are elsewhere
root = ann.find(ann.FileCategory, path="File")
page = ann.File(title="Page", edition="1", category=root, storageMethodName="WEB", location="https://example.com/")
page.create()
say("create", page.number, page.storageMethodName, page.location, page.size)
page.update(title="Another page", format="html")
say("update", page.title, page.format)
refused("content of a page", lambda: page.content)
page.delete()
refused("show what is deleted", page.reload)

ann.logout()
refused("after the logout", lambda: ann._get("/files"))
