//! The bundled world of `serve --demo`, and requests to paste that show one lock through four dialects. All of its
//! passwords and tokens are public.

use serde::Serialize;

use super::{Applied, Beside, Item, Link, Person, Seed};

const WORLD: &str = include_str!("demo/world.toml");
const FILES: [(&str, &[u8]); 6] = [
    ("gearbox.txt", include_bytes!("demo/gearbox.txt")),
    ("parts.csv", include_bytes!("demo/parts.csv")),
    ("limits.json", include_bytes!("demo/limits.json")),
    ("review.md", include_bytes!("demo/review.md")),
    ("leaflet.pdf", include_bytes!("demo/leaflet.pdf")),
    ("logo.png", include_bytes!("demo/logo.png")),
];

/// The file that the tour is about.
const FILE: &str = "Engineering/Gearbox/gearbox.txt";
/// The link that Frank uses.
const LINK: &str = "Marketing/Press kit";

/// The bundled world.
pub fn seed() -> Seed<'static> {
    Seed { name: "the demo".to_owned(), text: WORLD, beside: Beside::Bundled(&FILES) }
}

/// One step of the tour.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What happens, and what is answered.
    pub says: &'static str,
    /// A line for a shell.
    pub run: String,
}

/// Requests to paste, in this order; `None`: the world is not the bundled one.
pub fn tour(world: &Applied, url: &str) -> Option<Vec<Step>> {
    let file: &Item = world.files.iter().find(|file| file.at == FILE)?;
    let library = world.libraries.iter().find(|library| library.name == "Engineering")?;
    let bob: &Person = world.users.iter().find(|user| user.login == "bob")?;
    let link: &Link = world.links.iter().find(|link| link.on == LINK)?;
    let press = world.folders.iter().find(|folder| folder.at == LINK)?;
    let edition = file.editions.last()?;
    let (drive, workspace) = (&library.graph_drive_id, library.arena_workspace?);
    let step = |says, run| Step { says, run };
    Some(vec![
        step(
            "Microsoft Graph: Alice checks the file out (204)",
            format!(
                "curl -i -X POST -H 'Authorization: Bearer demo-only-token-of-alice' '{url}/v1.0/drives/{drive}/items/{}/checkout'",
                file.graph_id
            ),
        ),
        step(
            "Arena PLM: Bob signs in",
            format!(
                "SESSION=$(curl -s -H 'Content-Type: application/json' -d '{{\"email\":\"bob@demo.example\",\
                 \"password\":\"demo-only-bob\",\"workspaceId\":{workspace}}}' '{url}/v1/login' \
                 | sed 's/.*\"arenaSessionId\" *: *\"\\([^\"]*\\)\".*/\\1/')"
            ),
        ),
        step(
            "Arena PLM: Bob's check-out is refused, for Alice holds the file (400, code 3133)",
            format!(
                "curl -i -H \"arena_session_id: $SESSION\" -H 'Content-Type: application/json' \
                 -d '{{\"checkedOut\":true,\"file\":{{\"guid\":\"{}\"}}}}' '{url}/v1/files/checkoutstatuschanges'",
                edition.arena_guid
            ),
        ),
        step(
            "Liferay: Alice cancels her check-out (200)",
            format!(
                "curl -i -u alice@demo.example:demo-only-alice -d '{{\"jsonrpc\":\"2.0\",\"method\":\"cancel-check-out\",\
                 \"params\":{{\"fileEntryId\":{}}},\"id\":1}}' '{url}/api/jsonws/dlapp'",
                file.number
            ),
        ),
        step(
            "Oracle: Bob reserves the file (200)",
            format!("curl -i -X POST -u bob:demo-only-bob '{url}/documents/api/1.2/files/{}/reserve'", file.oracle_id),
        ),
        step(
            "Oracle: Bob gives it back (200)",
            format!(
                "curl -i -u bob:demo-only-bob -H 'Content-Type: application/json' -d '{{\"reservedByUserID\":\"{}\"}}' \
                 '{url}/documents/api/1.2/files/{}/unreserve'",
                bob.oracle_id, file.oracle_id
            ),
        ),
        step(
            "Oracle: Frank, a member of nothing, lists the press kit through its public link and access code (200)",
            format!(
                "curl -i -u frank:demo-only-frank -H 'LinkID: {link}' -b 'dAccessCode-{link}=demo-only-code' \
                 '{url}/documents/api/1.2/folders/{folder}/items'",
                link = link.oracle_id,
                folder = press.oracle_id
            ),
        ),
    ])
}
