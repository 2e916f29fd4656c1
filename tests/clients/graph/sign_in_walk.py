"""Signs in through MSAL and azure-identity in every way that needs no screen; prints a line for each step.

Arguments: the server's address, with TLS; the tenant; the client id of an application that keeps no secret.
"""

import html
import re
import sys
import threading
import webbrowser
from urllib.parse import parse_qs, urlsplit

import msal
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DeviceCodeCredential, InteractiveBrowserCredential

BASE, TENANT, TERMINAL = sys.argv[1:]
FILES = ["Files.ReadWrite.All"]
ALICE = {"username": "alice@demo.example", "password": "demo-only-alice"}
# where browsers are sent back to
BACK = "http://localhost:53682"


def say(step, *what):
    print(step + ":", *what)


def me(token):
    return requests.get(BASE + "/v1.0/me", headers={"Authorization": "Bearer " + token}).json()["displayName"]


def hidden(page):
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def page(url, **fields):
    """What a browser does with a page: sends its hidden fields back, with what somebody types."""
    return requests.post(url, data={**hidden(requests.get(url)), **fields}, allow_redirects=False)


def code(answer):
    return parse_qs(urlsplit(answer.headers["location"]).query)


# an application by itself
secret = ClientSecretCredential(TENANT, "demo-builder", "demo-only-builder-secret", authority=BASE, disable_instance_discovery=True)
token = secret.get_token(BASE + "/.default").token
drive = requests.get(BASE + "/v1.0/sites/root/drive", headers={"Authorization": "Bearer " + token}).json()
say("azure-identity, an application's secret", drive["name"])
try:
    wrong = ClientSecretCredential(TENANT, "demo-builder", "wrong", authority=BASE, disable_instance_discovery=True)
    wrong.get_token(BASE + "/.default")
except ClientAuthenticationError as error:
    say("azure-identity, a wrong secret", error.message.split(" Trace")[0])

own = msal.ConfidentialClientApplication(
    "demo-builder", authority=f"{BASE}/{TENANT}", client_credential="demo-only-builder-secret", instance_discovery=False
)
answer = own.acquire_token_for_client([BASE + "/.default"])
say("MSAL, an application's secret", answer["token_type"], answer["expires_in"] > 3000)
say("MSAL, from its cache", own.acquire_token_for_client([BASE + "/.default"])["token_source"])

# a user at another device
terminal = msal.PublicClientApplication(TERMINAL, authority=BASE + "/common", instance_discovery=False)
flow = terminal.initiate_device_flow(scopes=FILES)
waiting = terminal.acquire_token_by_device_flow(flow, exit_condition=lambda flow: True)
say("MSAL, a device code that nobody has typed", waiting["error"])
page(flow["verification_uri"], user_code=flow["user_code"], **ALICE)
answer = terminal.acquire_token_by_device_flow(flow)
say("MSAL, a device code", me(answer["access_token"]), answer["id_token_claims"]["preferred_username"])
account = terminal.get_accounts()[0]
say("MSAL, its account", account["username"], account["home_account_id"].endswith("." + TENANT))
fresh = terminal.acquire_token_silent(FILES, account=account, force_refresh=True)
say("MSAL, refreshed", me(fresh["access_token"]), fresh["access_token"] != answer["access_token"])

typed = DeviceCodeCredential(
    TERMINAL,
    authority=BASE,
    tenant_id=TENANT,
    disable_instance_discovery=True,
    prompt_callback=lambda address, code, _: page(address, user_code=code, **ALICE),
)
say("azure-identity, a device code", me(typed.get_token(FILES[0]).token))
say("azure-identity, its account", typed.authenticate(scopes=FILES).username)

# a user in a browser
flow = terminal.initiate_auth_code_flow(FILES, redirect_uri=BACK)
back = page(flow["auth_uri"], **ALICE)
answer = terminal.acquire_token_by_auth_code_flow(flow, {name: values[0] for name, values in code(back).items()})
say("MSAL, a browser", me(answer["access_token"]), answer["id_token_claims"]["aud"] == TERMINAL)
again = terminal.acquire_token_by_auth_code_flow(flow, {name: values[0] for name, values in code(back).items()})
say("MSAL, the same code again", again["error"])



class Browser:
    """Alice's: fills the page in, and sends on what comes back in a form."""

    def open(self, url, *_):
        # azure-identity listens while the browser is open, and the answer goes there
        back = page(url, **ALICE)
        (action,) = re.findall(r'<form method="post" action="([^"]*)"', back.text)
        threading.Thread(target=requests.post, args=[html.unescape(action), hidden(back)]).start()
        return True


webbrowser.register("alice", None, Browser(), preferred=True)
shown = InteractiveBrowserCredential(
    client_id=TERMINAL, tenant_id=TENANT, authority=BASE, disable_instance_discovery=True, redirect_uri=BACK
)
say("azure-identity, a browser", me(shown.get_token(FILES[0]).token))
