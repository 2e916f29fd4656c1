//! The anchors for bytes and for locks over HTTP: nginx, and Apache with `mod_dav_svn`, each started over a folder of its own.
//! One that is not installed is left out, loudly.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::common::{
    house::open,
    load::{Answer, KEPT, Script, Step},
};

/// A server that is not ours. Stopped when it is dropped.
pub struct Web {
    child: Child,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Drop for Web {
    fn drop(&mut self) {
        // SIGTERM ends the workers with it; a killed nginx would leave them
        if let Ok(id) = i32::try_from(self.child.id())
            && let Some(process) = rustix::process::Pid::from_raw(id)
        {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// A program in one of the usual folders, also those that are on no ordinary user's path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// nginx with sendfile over `folder`/files, and DAV uploads into `folder`/uploads, its buffers as they come.
pub fn nginx(folder: &Path) -> Result<Option<Web>> {
    let Some(program) = program("nginx") else { return Ok(None) };
    for name in ["files", "uploads", "bodies"] {
        fs::create_dir_all(folder.join(name))?;
    }
    open(folder)?;
    let address = free_address()?;
    let place = folder.display();
    let configuration = format!(
        "daemon off; worker_processes auto; pid {place}/nginx.pid; error_log {place}/nginx.log;
        {user}
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
            open_file_cache max=1000 inactive=60s; client_max_body_size 1g; client_body_temp_path {place}/bodies;
            default_type application/octet-stream;
            server {{
                listen {address};
                location /files/ {{ root {place}; }}
                location /uploads/ {{ root {place}; dav_methods PUT; }}
            }}
        }}",
        user = if coatcheck::embedded::is_root() { "user root;" } else { "" },
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(folder).arg("-c").arg(&file);
    start(command, address, &folder.join("nginx.log")).map(Some)
}

/// Apache with `mod_dav_svn` over a repository with so many files, all below `/svn/`, open to everybody.
pub fn svn(folder: &Path, files: usize) -> Result<Option<Web>> {
    let modules = Path::new("/usr/lib/apache2/modules");
    let (Some(apache), Some(admin), Some(client)) = (program("apache2"), program("svnadmin"), program("svn")) else {
        return Ok(None);
    };
    if !modules.join("mod_dav_svn.so").is_file() {
        return Ok(None);
    }
    let (repository, import) = (folder.join("repository"), folder.join("import"));
    fs::create_dir_all(&import)?;
    for number in 0..files {
        fs::write(import.join(format!("f{number}.txt")), format!("file {number}\n"))?;
    }
    done(Command::new(admin).arg("create").arg(&repository))?;
    let url = format!("file://{}", repository.display());
    done(Command::new(client).args(["import", "-q", "-m", "files"]).arg(&import).arg(&url))?;
    open(folder)?;
    if coatcheck::embedded::is_root() {
        done(Command::new("chown").args(["-R", "www-data:www-data"]).arg(&repository))?;
    }
    let address = free_address()?;
    let (place, modules) = (folder.display(), modules.display());
    let load = |name: &str| {
        let file = format!("{modules}/mod_{name}.so");
        // some are compiled in
        if Path::new(&file).is_file() { format!("LoadModule {name}_module {file}\n") } else { String::new() }
    };
    let needed = ["mpm_event", "authn_core", "authn_anon", "auth_basic", "authz_core", "authz_user", "dav", "dav_svn"];
    let user = if coatcheck::embedded::is_root() { "User www-data\nGroup www-data\n" } else { "" };
    // whoever says a name is believed: no time goes into passwords
    let configuration = format!(
        "{loaded}ServerName localhost\nServerRoot {place}\nPidFile {place}/apache.pid\nErrorLog {place}/apache.log\n\
        LogLevel crit\nDefaultRuntimeDir {place}\nMutex file:{place}\nListen {address}\n{user}\
        KeepAlive On\nMaxKeepAliveRequests 0\nKeepAliveTimeout 60\n\
        StartServers 2\nThreadsPerChild 64\nServerLimit 4\nMaxRequestWorkers 128\n\
        SVNInMemoryCacheSize 65536\n<Location /svn>\nDAV svn\nSVNPath {place}/repository\n\
        AuthType Basic\nAuthName svn\nAuthBasicProvider anon\nAnonymous *\nRequire valid-user\n</Location>\n",
        loaded = needed.map(load).concat(),
    );
    let file = folder.join("apache.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new(apache);
    command.arg("-DFOREGROUND").arg("-f").arg(&file);
    start(command, address, &folder.join("apache.log")).map(Some)
}

/// LOCK and UNLOCK of one file in Subversion, whose locks are durable as well.
pub fn svn_pair(number: usize) -> Script {
    let path = format!("/svn/f{number}.txt");
    let basic = format!("Basic {}", BASE64_STANDARD.encode("ann:ann@example.com"));
    let lock = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>\
        <D:locktype><D:write/></D:locktype><D:owner>bench</D:owner></D:lockinfo>";
    let headers = [("authorization", basic.as_str()), ("content-type", "text/xml")];
    let body: Arc<[u8]> = lock.as_bytes().into();
    Script(vec![
        Step::with_body("LOCK", &path, &headers, Some(body), Answer::Keeps(200, "lock-token")),
        Step::new("UNLOCK", &path, &[("authorization", &basic), ("lock-token", KEPT)], Answer::Status(204)),
    ])
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn done(command: &mut Command) -> Result<()> {
    let said = command.output().with_context(|| format!("{command:?} does not start"))?;
    ensure!(said.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Web> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut web = Web { child, address };
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        let said = || fs::read_to_string(log).unwrap_or_default();
        if let Some(ended) = web.child.try_wait()? {
            bail!("{command:?} ended with {ended}: {}", said());
        }
        ensure!(began.elapsed() < Duration::from_secs(10), "{command:?} does not answer: {}", said());
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(web)
}
