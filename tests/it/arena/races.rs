//! Everyone at once: one winner, and everyone else gets the vendor's refusal (spec/arena.md 2).

use futures_util::future::join_all;
use sqlx::{Connection, PgConnection, Row};

use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in},
    server::Server,
    world,
};

/// What the trail says, a line for each entry.
pub async fn trail(server: &Server) -> String {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let rows = sqlx::query(
        "SELECT coalesce(u.login, '?') || ' ' || e.verb || ' ' || e.outcome || coalesce(' held by ' || h.login, '')
            || coalesce(' \"' || nullif(e.comment, '') || '\"', '')
        FROM events e LEFT JOIN users u ON u.id = e.actor_id LEFT JOIN users h ON h.id = e.holder_id
        WHERE e.dialect = 'arena' ORDER BY e.id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

/// Eight contributors.
pub async fn clients(server: &Server) -> Vec<Arena<'_>> {
    let mut clients = Vec::new();
    for number in 0..8 {
        let login = format!("racer{number}");
        let role = Some(coatcheck::domain::actor::Role::Contributor);
        let license = coatcheck::domain::person::License::Full;
        let racer = world::member(&server.vault, &server.world.library, &login, license, role).await;
        clients.push(server.arena(&racer).await);
    }
    clients
}

/// The one that got 201; everybody else got `refusal`.
#[track_caller]
fn winner(answers: &[Answer], refusal: &str) -> usize {
    let won: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].status == 201).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(code(answer), refusal);
    }
    won[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_check_outs_cancels_and_check_ins_one_wins() {
    let server = Server::start().await;
    let clients = clients(&server).await;
    let mut file = guid(&server.world.file).to_owned();
    for round in 0..10 {
        let answers = join_all(clients.iter().map(|client| client.check_out(&file))).await;
        let holder = &clients[winner(&answers, "400 3133")];
        if round % 2 == 0 {
            // eight times the same session
            let answers = join_all((0..8).map(|_| holder.cancel(&file))).await;
            winner(&answers, "400 3132");
            continue;
        }
        let texts: Vec<String> = (0..8).map(|number| format!("{round} {number}")).collect();
        let mode = if round % 4 == 1 { "true" } else { "false" };
        let answers = join_all(texts.iter().map(|text| holder.check_in(&file, mode, text, &[]))).await;
        let won: Vec<usize> = (0..8).filter(|at| answers[*at].status == 201).collect();
        assert_eq!(won.len(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            // who looks after the winner sees a file that is checked in, and perhaps an old edition
            assert_eq!(code(answer), "400 3133");
        }
        file = guid_in(&answers[won[0]]);
        let content = holder.get(&format!("/files/{file}/content")).await.text();
        assert_eq!(content, texts[won[0]]);
    }
    let trail = trail(&server).await;
    let done = |verb: &str| trail.lines().filter(|line| line.contains(&format!(" {verb} done"))).count();
    assert_eq!((done("check_out"), done("cancel"), done("check_in")), (10, 5, 5), "{trail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_in_and_an_administrators_cancel_do_not_both_happen() {
    let server = Server::start().await;
    let (ann, dora) = (server.arena(&server.world.ann).await, server.arena(&server.world.dora).await);
    let mut file = guid(&server.world.file).to_owned();
    for round in 0..10 {
        ann.check_out(&file).await.expect(201);
        let text = format!("{round}");
        let (checked_in, cancelled) = tokio::join!(ann.check_in(&file, "true", &text, &[]), dora.cancel(&file));
        let editions = ann.get(&format!("/files/{file}/editions")).await.json()["count"].clone();
        match (checked_in.status.as_u16(), cancelled.status.as_u16()) {
            (201, 400) => {
                assert_eq!(code(&cancelled), "400 3132");
                file = guid_in(&checked_in);
            }
            (400, 201) => assert_eq!(code(&checked_in), "400 3133"),
            both => panic!("{both:?} {editions}"),
        }
    }
}
