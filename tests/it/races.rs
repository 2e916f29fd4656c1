//! Everyone at once: 64 clients in four dialects on one file, exactly one winner each time.

use coatcheck::domain::{actor::Role, item::Item, person::License};

use super::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    server::Server,
    world::{self, Somebody},
};

const CROWD: usize = 64;
const ROUNDS: usize = 200;

/// As many people as there are clients, so that a second success would be a second holder.
async fn crowd(server: &Server) -> Vec<(Client, Somebody)> {
    let mut crowd = Vec::new();
    for n in 0..CROWD {
        let login = format!("racer{n}");
        let role = Some(Role::Contributor);
        let who = world::member(&server.vault, &server.world.library, &login, License::Full, role).await;
        crowd.push((CLIENTS[n % CLIENTS.len()], who));
    }
    crowd
}

async fn everyone_takes(clients: &Clients, crowd: &[(Client, Somebody)], file: &Item) -> Vec<usize> {
    let mut tries = tokio::task::JoinSet::new();
    for (n, (client, who)) in crowd.iter().cloned().enumerate() {
        let (clients, file) = (clients.clone(), file.clone());
        tries.spawn(async move { (n, clients.check_out(client, &who, &file).await) });
    }
    let answers = tries.join_all().await;
    assert!(answers.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done | Outcome::Held)), "{answers:?}");
    answers.into_iter().filter(|(_, outcome)| *outcome == Outcome::Done).map(|(n, _)| n).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_clients_in_four_dialects_exactly_one_wins_each_of_200_rounds() {
    let server = Server::start_with(&[("arena.request_limit", "1000000")]).await;
    let clients = Clients::new(&server);
    let crowd = crowd(&server).await;
    let file = &server.world.file;
    let mut winners = std::collections::HashSet::new();
    for round in 1..=ROUNDS {
        let winner = match everyone_takes(&clients, &crowd, file).await[..] {
            [winner] => winner,
            ref several => panic!("round {round}: {several:?} all hold the file"),
        };
        let now = world::now(&server.vault, &server.world, file).await;
        let lock = now.lock().expect("somebody holds it");
        assert_eq!((lock.holder.id, lock.fence), (crowd[winner].1.person.id, i64::try_from(round).unwrap()));
        // released through another dialect than it was taken through
        let other = CLIENTS[(winner + round) % CLIENTS.len()];
        assert_eq!(clients.cancel(other, &crowd[winner].1, file).await, Outcome::Done);
        winners.insert(crowd[winner].0);
    }
    assert_eq!(winners.len(), CLIENTS.len(), "each dialect won at some time: {winners:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_cancels_at_once_exactly_one_ends_the_check_out() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (world, file) = (&server.world, &server.world.file);
    for _ in 0..20 {
        assert_eq!(clients.check_out(Client::Graph, &world.ann, file).await, Outcome::Done);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (clients, ann, file) = (clients.clone(), world.ann.clone(), file.clone());
            tries.spawn(async move { clients.cancel(Client::Graph, &ann, &file).await });
        }
        let mut answers = tries.join_all().await;
        answers.sort_by_key(|outcome| *outcome != Outcome::Done);
        assert_eq!(answers[0], Outcome::Done);
        assert!(answers[1..].iter().all(|outcome| *outcome == Outcome::NotCheckedOut), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_of_one_new_name_at_once_become_editions_of_one_file() {
    let server = Server::start().await;
    let (world, http) = (&server.world, &server.http);
    let graph = format!("http://{}/v1.0/drives/{}/root:/new.txt:/content", server.address, world.library.graph_id);
    let oracle = format!("http://{}/documents/api/1.2/files/data", server.address);
    let input = format!(r#"{{"parentID":"{}"}}"#, world.library.root_oracle_id);
    let mut uploads = tokio::task::JoinSet::new();
    for n in 0..12 {
        let text = format!("upload {n}");
        let request = if n % 2 == 0 {
            http.put(&graph).bearer_auth(&world.ann.token).body(text)
        } else {
            let part = reqwest::multipart::Part::text(text).file_name("new.txt");
            let form =
                reqwest::multipart::Form::new().text("jsonInputParameters", input.clone()).part("primaryFile", part);
            http.post(&oracle).basic_auth("bob", Some(world::PASSWORD)).multipart(form)
        };
        uploads.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let statuses = uploads.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, 200 | 201)), "{statuses:?}");
    let item = server.get(&format!("/v1.0/drives/{}/root:/new.txt:/versions", world.library.graph_id));
    let versions = server.send(item.bearer_auth(&world.ann.token)).await.expect(200).json();
    assert_eq!(versions["value"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn what_a_node_remembers_and_is_no_more_neither_keeps_a_check_in_out_nor_makes_one() {
    let server = Server::start().await;
    let (world, (second, _vault)) = (&server.world, server.another_node().await);
    let item = format!("/v1.0/drives/{}/items/{}", world.library.graph_id, world.file.graph_id);
    let [first, second] = [server.address, second].map(|address| format!("http://{address}{item}"));
    let act = async |node: &str, verb: &str| {
        let request = server.http.post(format!("{node}/{verb}")).bearer_auth(&world.ann.token);
        request.send().await.unwrap().status().as_u16()
    };
    // both have seen it free
    for node in [&first, &second] {
        let shown = server.http.get(node).bearer_auth(&world.ann.token).send().await.unwrap();
        assert_eq!(shown.status(), 200);
    }
    assert_eq!(act(&second, "checkout").await, 204);
    assert_eq!(act(&first, "checkin").await, 204);
    // the other one has it checked out still, as far as it remembers
    assert_eq!(act(&second, "checkin").await / 100, 4);
    let versions = server.get(&format!("{item}/versions")).bearer_auth(&world.ann.token);
    let versions = server.send(versions).await.expect(200).json();
    assert_eq!(versions["value"].as_array().unwrap().len(), 2);
}
