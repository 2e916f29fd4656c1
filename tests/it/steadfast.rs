//! What a server must stand: a client that goes away, contents of any size.

use coatcheck::domain::clock::Clock;
use futures_util::{StreamExt, stream};
use reqwest::Body;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::support::{
    answer::Answer,
    database::DurableFolder,
    process::Process,
    server::{self, Server},
    world,
};

#[tokio::test]
async fn a_check_out_whose_client_hangs_up_is_done_all_the_same() {
    let mut server = Server::start().await;
    let (item, drive) = (&server.world.file.graph_id, &server.world.library.graph_id);
    let request = format!(
        "POST /v1.0/drives/{drive}/items/{item}/checkout HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Length: 0\r\n\r\n",
        server.world.ann.token
    );
    // begun is begun: the request has arrived when something of its answer has
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    client.readable().await.unwrap();
    drop(client);
    // hung up before anything could be answered: done or not, but never half
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(request.replace("checkout", "discardCheckout").as_bytes()).await.unwrap();
    drop(client);

    let other = server::open_vault(&server.database.url, server.content.path(), Clock::Database, &server.config).await;
    let (file, dora) = (server.world.file.id, world::actor(&other, &server.world.dora).await);
    server.stop().await;
    let look = other.look(&dora, &coatcheck::domain::id::ItemKey::Id(file)).await.unwrap();
    assert_eq!(look.file().unwrap().fence, 1, "it was checked out");
}

/// Mebibytes sent and read in the test below: more than a server may hold by far.
const LARGE: usize = 192;

#[tokio::test]
async fn a_large_content_goes_up_and_down_in_little_memory() {
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let process = Process::start(&data, &["--demo"]);
    let url = format!("{}/v1.0/me/drive/root:/large.bin:/content", process.base);
    let http = server::client();
    let token = "demo-only-token-of-alice";
    let before = process.resident();

    let mebibyte = bytes::Bytes::from(vec![0x5a; 1 << 20]);
    let body = stream::iter((0..LARGE).map(move |_| Ok::<_, std::io::Error>(mebibyte.clone())));
    let up = http.put(&url).bearer_auth(token).body(Body::wrap_stream(body)).send().await.unwrap();
    Answer::read(up).await.expect(201);
    let after_upload = process.resident();

    let there = http.get(&url).bearer_auth(token).send().await.unwrap();
    let down = http.get(there.headers()["location"].to_str().unwrap()).send().await.unwrap();
    let mut chunks = down.bytes_stream();
    let mut size = 0;
    while let Some(chunk) = chunks.next().await {
        size += chunk.unwrap().len();
    }
    assert_eq!(size, LARGE << 20);
    let grown = process.resident().max(after_upload).saturating_sub(before) >> 20;
    assert!(grown < 64, "the server grew by {grown} MiB");
}
