"""Walks through what the command line of lr-gladiator does with items and their files; prints a line for each step.

Arguments: base URL, password, and which walk: `working`, `revised` or `limited`.
"""

import json
import os
import pathlib
import subprocess
import sys

BASE, PASSWORD, WALK = sys.argv[1:]
os.environ["GLADIATOR_CONFIG_HOME"] = str(pathlib.Path("config").absolute())


def gladiator(*arguments):
    """Runs it as people do."""
    return subprocess.run(["gladiator", *arguments], capture_output=True, text=True)


def ask(*arguments):
    """What it says to programs."""
    done = gladiator(*arguments, "--output", "json")
    if done.returncode != 0:
        sys.exit(f"{arguments} failed\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout)


def say(step, *what):
    print(step + ":", *what)


def refused(step, *arguments):
    done = gladiator(*arguments)
    say(step, done.returncode, " ".join(done.stderr.replace(BASE, "").split()))


def log_in(password=PASSWORD):
    return gladiator("login", "--ci", "--base-url", BASE, "--username", "ann@example.com", "--password", password)


def write(name, text):
    pathlib.Path(name).write_text(text)
    return name


def listed(item, *more):
    files = ask("list-files", item, *more)["files"]
    keys = ["filename", "size", "edition", "storageMethodName", "location"]
    return sorted([file[key] for key in keys if file[key] is not None] for file in files)


def fetched(item, *more):
    """How many files were fetched and how many were there, and the text of each."""
    done = ask("get-files", item, "--out", "-".join([item, *more]), *more)
    texts = {pathlib.Path(file).name: pathlib.Path(file).read_text() for file in done["files"]}
    return done["downloaded"], done["cached"], texts


def uploaded(*arguments):
    done = ask("upload-file", "890-0001", "firmware.bin", *arguments)
    return done["scenario"], done["edition"], done["fileGuid"]


def linked(url):
    done = ask("upload-weblink", "890-0001", url, "--title", "Sources")
    return done["action"], done["file"]["title"], done["file"]["storageMethodName"], done["file"]["location"]


def working():
    say("log in with a wrong password", log_in("wrong").returncode)
    say("log in", log_in().returncode)
    status = ask("status")
    say("status", status["connected"], status["status_code"])

    say("items by number", [(item["number"], item["revisionNumber"]) for item in ask("list-items", "890-*")["results"]])
    say("items by words", [item["name"] for item in ask("search-item", "radio")["results"]])
    for item in ["890-0001", "890-0002"]:
        revisions = ask("list-revisions", item)["results"]
        say("revisions of " + item, [(revision["revision"], revision["revisionStatus"]) for revision in revisions])
        say("latest approved of " + item, ask("latest-approved", item)["revision"])
    say("info", ask("info", "890-0001", "--rev", "WORKING")["name"])

    # a new file, the same again, other flags, other bytes
    write("firmware.bin", "one")
    say("dry run", ask("upload-file", "890-0001", "firmware.bin", "--dry-run")["message"])
    say("nothing was done", listed("890-0001", "--rev", "WORKING"))
    scenario, edition, first = uploaded()
    say("upload", scenario, edition)
    again = uploaded()
    say("upload the same", again[0], again[2] == first)
    say("upload the same as primary", uploaded("--primary")[0])
    write("firmware.bin", "two")
    say("dry run", ask("upload-file", "890-0001", "firmware.bin", "--primary", "--dry-run")["scenario"])
    scenario, edition, second = uploaded("--primary")
    say("upload changed bytes", scenario, edition, second == first)
    say("files", listed("890-0001", "--rev", "WORKING"))
    say("get files", fetched("890-0001", "--rev", "WORKING"))
    say("get files again", fetched("890-0001", "--rev", "WORKING"))

    # a link, the same with another address
    say("link", linked("https://example.com/one"))
    say("link elsewhere", linked("https://example.com/two"))
    say("files", listed("890-0001", "--rev", "WORKING"))

    refused("no revision to work on", "upload-file", "890-0002", "firmware.bin")
    refused("no such item", "upload-file", "890-9999", "firmware.bin")
    refused("no such category", "upload-file", "890-0001", write("other.bin", "x"), "--category", "Poems")


def revised():
    say("log in", log_in().returncode)
    revisions = ask("list-revisions", "890-0001")["results"]
    say("revisions", [(revision["revision"], revision["revisionStatus"]) for revision in revisions])
    say("latest approved", ask("latest-approved", "890-0001")["revision"])
    say("released", listed("890-0001"))
    say("worked on", listed("890-0001", "--rev", "WORKING"))

    # what was released stays as it was
    write("firmware.bin", "three")
    say("upload changed bytes", uploaded("--primary")[0])
    say("link elsewhere", linked("https://example.com/three"))
    say("get what was released", fetched("890-0001"))
    say("get what is worked on", fetched("890-0001", "--rev", "WORKING"))
    say("released", listed("890-0001"))
    say("worked on", listed("890-0001", "--rev", "WORKING"))


def limited():
    say("log in", log_in().returncode)
    say("the last request", ask("list-items", "890-*")["count"])
    refused("one more", "list-items", "890-*")


{"working": working, "revised": revised, "limited": limited}[WALK]()
