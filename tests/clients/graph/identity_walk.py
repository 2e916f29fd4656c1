"""Signs in as azure-identity and MSAL do, over TLS; prints a line for each step. Argument: base URL of the server."""

import html
import re
import sys
import urllib.parse

import msal
import requests
from azure.identity import ClientSecretCredential

BASE = sys.argv[1]
TENANT = "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60"
CLIENT, SECRET = "demo-builder", "demo-only-builder-secret"
HOST = urllib.parse.urlsplit(BASE).hostname


def say(step, *what):
    print(step + ":", *what)


def get(token, path):
    answer = requests.get(BASE + "/v1.0" + path, headers={"Authorization": "Bearer " + token})
    return answer.status_code, answer.json()


def submit(page, **fields):
    """Fills in the one form of a page and sends it; redirects are not followed."""
    form = re.search(r"<form[^>]*>", page.text).group(0)
    action = re.search(r'action="([^"]*)"', form)
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', page.text)
    values = {
        re.search(r'name="([^"]*)"', field).group(1): html.unescape(re.search(r'value="([^"]*)"', field).group(1))
        for field in hidden
    }
    to = urllib.parse.urljoin(page.url, html.unescape(action.group(1)) if action else "")
    return browser.post(to, data={**values, **fields}, allow_redirects=False)


browser = requests.Session()

# an application for itself
credential = ClientSecretCredential(
    TENANT, CLIENT, SECRET, authority=BASE.removeprefix("https://"), disable_instance_discovery=True
)
token = credential.get_token(f"https://{HOST}/.default").token
status, site = get(token, "/sites/root/drive")
say("azure-identity, application", status, site["name"])
status, refusal = get(token, "/me")
say("which is nobody", status, refusal["error"]["code"])

# a user at another device
app = msal.PublicClientApplication(CLIENT, authority=f"{BASE}/{TENANT}", instance_discovery=False)
flow = app.initiate_device_flow(["Files.ReadWrite.All", "User.Read"])
say("device code", flow["verification_uri"] == BASE + urllib.parse.urlsplit(flow["verification_uri"]).path, len(flow["user_code"]) > 5)
page = browser.get(flow["verification_uri"])
done = submit(page, user_code=flow["user_code"], username="alice", password="demo-only-alice")
say("device page", done.status_code)
result = app.acquire_token_by_device_flow(flow)
say("device token", result.get("id_token_claims", {}).get("preferred_username"), result.get("error"))
status, me = get(result["access_token"], "/me")
say("acts for", status, me["displayName"])

# the same once more, by what was kept
account = app.get_accounts()[0]
again = app.acquire_token_silent(["Files.ReadWrite.All"], account=account, force_refresh=True)
say("refreshed", again["token_source"], again["access_token"] != result["access_token"], get(again["access_token"], "/me")[0])

# a user in a browser
flow = app.initiate_auth_code_flow(["Files.Read.All"], redirect_uri="http://localhost:3999/back")
page = browser.get(flow["auth_uri"])
back = submit(page, username="bob", password="demo-only-bob")
say("sign-in page", page.status_code, back.status_code)
answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.headers["Location"]).query))
result = app.acquire_token_by_auth_code_flow(flow, answer)
say("code", result.get("scope"), result.get("id_token_claims", {}).get("preferred_username"), result.get("error"))
headers = {"Authorization": "Bearer " + result["access_token"]}
checkout = f"{BASE}/v1.0/sites/root/drive/root:/Gearbox/gearbox.txt:/checkout"
say("reads and does not write", get(result["access_token"], "/sites/root/drive")[0], requests.post(checkout, headers=headers).status_code)

# what is wrong is said in the words MSAL knows
wrong = msal.ConfidentialClientApplication(CLIENT, "wrong", authority=f"{BASE}/{TENANT}", instance_discovery=False)
refusal = wrong.acquire_token_for_client([f"https://{HOST}/.default"])
say("wrong secret", refusal["error"], refusal["error_codes"])
