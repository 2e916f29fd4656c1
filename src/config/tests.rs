//! Layers, errors and secrets of the configuration, without a file or variable of this process.

use std::collections::BTreeSet;

use super::*;

/// Files, environment and flags of one test.
#[derive(Clone, Default)]
struct World {
    named: Option<&'static str>,
    files: Vec<(&'static str, &'static str)>,
    environment: Vec<(&'static str, &'static str)>,
    flags: Vec<(&'static str, &'static str, &'static str)>,
}

impl World {
    fn load(&self) -> Result<Config, ConfigError> {
        let read = |path: &Path| {
            let found = self.files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or(io::ErrorKind::NotFound.into())
        };
        let flag =
            |(name, key, value): &(&'static str, &'static str, &str)| Flag { name, key, value: (*value).to_owned() };
        Config::load(Sources {
            file: self.named.map(PathBuf::from),
            environment: self.environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            flags: self.flags.iter().map(flag).collect(),
            read: &read,
        })
    }

    fn problems(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        }
    }
}

fn keys(text: &str) -> BTreeSet<String> {
    let mut leaves = Vec::new();
    layers::flatten("", &toml::Value::Table(text.parse().expect("it is TOML")), &mut leaves);
    leaves.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn the_default_file_and_the_types_have_the_same_keys() {
    let config = World::default().load().expect("the defaults are a configuration");
    let printed = config.print(Secrets::Redacted).expect("it prints");
    assert_eq!(keys(DEFAULT), keys(&printed));
}

#[test]
fn every_setting_has_a_sentence_above_it() {
    let lines: Vec<&str> = DEFAULT.lines().collect();
    for pair in lines.windows(2) {
        let [above, line] = pair else { continue };
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(above.starts_with("# ") && above.ends_with('.'), "{line}");
        }
    }
}

#[test]
fn later_layers_win_key_by_key() {
    let mut world = World {
        files: vec![("coatcheck.toml", "[server]\nlisten = '1.1.1.1:1'\nmax_parts = 7\n")],
        ..World::default()
    };
    let listen = |world: &World| {
        world.load().expect("valid").server.listen.map(|address| address.to_string()).unwrap_or_default()
    };
    assert_eq!(listen(&World::default()), "127.0.0.1:8080");
    assert_eq!(listen(&world), "1.1.1.1:1");

    world.files.push(("other.toml", "[server]\nlisten = '2.2.2.2:2'\n"));
    world.environment.push(("COATCHECK_CONFIG", "other.toml"));
    assert_eq!(listen(&world), "2.2.2.2:2");
    assert_eq!(world.load().expect("valid").server.max_parts, 100, "the usual file is not read when another is named");

    world.files.push(("third.toml", "server.listen = '3.3.3.3:3'\n"));
    world.named = Some("third.toml");
    assert_eq!(listen(&world), "3.3.3.3:3");
    world.environment.push(("COATCHECK__SERVER__LISTEN", "4.4.4.4:4"));
    assert_eq!(listen(&world), "4.4.4.4:4");
    world.flags.push(("--listen", "server.listen", "5.5.5.5:5"));
    assert_eq!(listen(&world), "5.5.5.5:5");
}

#[test]
fn the_environment_takes_the_kind_of_the_default() {
    let config = World {
        environment: vec![
            ("COATCHECK__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("COATCHECK__ORACLE__TENANT_SUFFIX", "00000000000000000007"),
            ("COATCHECK__GRAPH__ENABLED", "false"),
            ("COATCHECK__ARENA__REQUEST_LIMIT", "5"),
            ("COATCHECK__CONTENT__OPTIONS__AWS_REGION", "007"),
            ("PG_BIN_DIR", "/opt/pg"),
            ("COATCHECK_PORT", "tcp://10.0.0.1:80"),
            ("HOME", "/home/ann"),
        ],
        ..World::default()
    }
    .load()
    .expect("valid");
    let proxies: Vec<String> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.oracle.tenant_suffix, "00000000000000000007");
    assert!(!config.graph.enabled && config.arena.enabled);
    assert_eq!(config.arena.request_limit, 5);
    assert_eq!(config.content.options.get("aws_region").map(Secret::expose), Some("007"));
    assert_eq!(config.embedded.bin_dir.as_deref(), Some(Path::new("/opt/pg")));
    assert_eq!(config.surroundings.home.as_deref(), Some(Path::new("/home/ann")));
}

#[test]
fn a_problem_says_what_is_wrong_where_and_what_to_do() {
    let world = World {
        files: vec![("coatcheck.toml", "[server]\n\nlisen = 'x'\nmax_parts = 'many'\n[log]\ncolour = true\n[moon]\n")],
        environment: vec![
            ("COATCHECK__ARENA__REQUEST_LIMIT", "lots"),
            ("COATCHECK__SERVER", "x"),
            ("COATCHECK__LOG__TIME", "1"),
        ],
        flags: vec![("--drain", "server.drain_seconds", "26")],
        ..World::default()
    };
    let problems = world.problems();
    let begins = [
        "coatcheck.toml, line 3: unknown key `server.lisen`; [server] has ",
        "coatcheck.toml, line 4: `server.max_parts` must be a whole number",
        "coatcheck.toml, line 6: unknown key `log.colour`; [log] has filter, format",
        "coatcheck.toml, line 7: unknown key `moon`; the sections are ",
        "environment variable COATCHECK__ARENA__REQUEST_LIMIT: `arena.request_limit` must be a whole number",
        "environment variable COATCHECK__SERVER: `server` must be a section",
        "environment variable COATCHECK__LOG__TIME: unknown key `log.time`",
        "flag --drain: `server.drain_notice_seconds` and `server.drain_seconds` are 26 seconds together; at most 25",
    ];
    assert_eq!(problems.len(), begins.len(), "{problems:#?}");
    for begin in begins {
        assert!(problems.iter().any(|problem| problem.starts_with(begin)), "{begin}\n{problems:#?}");
    }
}

#[test]
fn a_value_of_the_right_kind_and_the_wrong_form_is_named_with_its_origin() {
    let cases = [
        ("COATCHECK__SERVER__LISTEN", "8080", "`server.listen`: invalid socket address syntax"),
        (
            "COATCHECK__SERVER__TRUSTED_PROXIES",
            "proxy",
            "`server.trusted_proxies`: \"proxy\" is no IP address or network",
        ),
        ("COATCHECK__SERVER__PUBLIC_URL", "files.example", "`server.public_url` must be a scheme and a host"),
        ("COATCHECK__SERVER__PUBLIC_URL", "https://a.example/x", "`server.public_url` must be a scheme and a host"),
        ("COATCHECK__SERVER__MAX_CONNECTIONS", "-1", "`server.max_connections`: invalid value: integer `-1`"),
        ("COATCHECK__SERVER__LISTEN", "", "`server.listen` and `tls.listen` are both off"),
        ("COATCHECK__TLS__LISTEN", "8443", "`tls.listen`: invalid socket address syntax"),
        ("COATCHECK__TLS__LISTEN", "127.0.0.1:8080", "`server.listen` and `tls.listen` are both 127.0.0.1:8080"),
        ("COATCHECK__TLS__KEY", "/a.key", "`tls.certificate` and `tls.key` go together"),
        ("COATCHECK__TLS__CERTIFICATE", "/a.crt", "`tls.certificate` and `tls.key` go together"),
        ("COATCHECK__LOG__FORMAT", "xml", "`log.format`: unknown variant `xml`, expected `text` or `json`"),
        ("COATCHECK__LOG__FILTER", "a=b=c", "`log.filter` is no filter"),
        ("COATCHECK__GRAPH__TENANT_ID", "x", "`graph.tenant_id`: "),
        (
            "COATCHECK__GRAPH__NOTIFICATION_HOSTS",
            "a.example,https://b.example/hook",
            "`graph.notification_hosts`: \"https://b.example/hook\" is no host; it looks like",
        ),
        (
            "COATCHECK__GRAPH__NOTIFICATION_NETWORKS",
            "intranet",
            "`graph.notification_networks`: \"intranet\" is no IP address or network",
        ),
        ("COATCHECK__GRAPH__NOTIFICATION_SECONDS", "31", "`graph.notification_seconds` must be at most 30"),
        ("COATCHECK__GRAPH__RELAY_MILLISECONDS", "1", "`graph.relay_milliseconds` must be at least 50"),
        (
            "COATCHECK__LIFERAY__LOCK_LIMIT_MILLISECONDS",
            "1000000000000000",
            "`liferay.lock_limit_milliseconds` must be at most 3153600000000",
        ),
        (
            "COATCHECK__LIFERAY__LOCK_LIMIT_MILLISECONDS",
            "-1",
            "`liferay.lock_limit_milliseconds` must be at least 1000",
        ),
        (
            "COATCHECK__LIFERAY__TEMPORARY_FILE_HOURS",
            "4294967295",
            "`liferay.temporary_file_hours` must be at most 8760",
        ),
        ("COATCHECK__LIFERAY__TEMPORARY_FILES", "0", "`liferay.temporary_files` must be at least 1"),
        ("COATCHECK__ORACLE__TENANT_SUFFIX", "abc", "`oracle.tenant_suffix` must be 20 capital letters and digits"),
        ("DATABASE_URL", "mysql://secret@host", "`database.url` must begin with postgres://"),
        ("DATABASE_URL_FILE", "/missing", "`database.url_file` names /missing, which cannot be read"),
    ];
    for (name, value, what) in cases {
        let problems = World { environment: vec![(name, value)], ..World::default() }.problems();
        assert!(problems[0].starts_with(&format!("environment variable {name}: {what}")), "{problems:?}");
        assert!(!problems.concat().contains("secret"));
    }
    let missing = World { named: Some("gone.toml"), ..World::default() }.problems();
    assert!(missing[0].starts_with("flag --config: gone.toml cannot be read"), "{missing:?}");
    let broken = World { files: vec![("coatcheck.toml", "[server]\nlisten =\n")], ..World::default() }.problems();
    assert!(broken[0].starts_with("coatcheck.toml, line 2: this is no TOML"), "{broken:?}");
}

#[test]
fn a_secret_may_stand_in_a_file_and_the_later_layer_decides_which_way() {
    let file = ("/run/secrets/url", "postgres://a:b@c/d\n");
    let base = World { files: vec![file], ..World::default() };
    let url = |environment: Vec<(&'static str, &'static str)>| {
        World { environment, ..base.clone() }.load().map(|config| config.database.url.expose().to_owned())
    };
    assert_eq!(url(vec![("DATABASE_URL_FILE", file.0)]), Ok("postgres://a:b@c/d".to_owned()));
    assert_eq!(url(vec![("COATCHECK__DATABASE__URL_FILE", file.0)]), Ok("postgres://a:b@c/d".to_owned()));
    let both = vec![("DATABASE_URL", "postgres://x"), ("COATCHECK__DATABASE__URL_FILE", file.0)];
    assert_eq!(url(both), Ok("postgres://a:b@c/d".to_owned()));
    let both = vec![("DATABASE_URL_FILE", file.0), ("COATCHECK__DATABASE__URL", "postgres://x")];
    assert_eq!(url(both), Ok("postgres://x".to_owned()));
    assert_eq!(url(vec![("DATABASE_URL", "")]), Ok(String::new()));
    let same = url(vec![("DATABASE_URL", "postgres://x"), ("DATABASE_URL_FILE", file.0)]);
    assert!(same.is_err_and(|error| error.to_string().contains("are both set; keep one")));
}

#[test]
fn secrets_print_only_when_asked_for() {
    let world = World {
        files: vec![("/o.toml", "aws_secret_access_key = \"hush\"\naws_region = \"file\"\n")],
        environment: vec![
            ("DATABASE_URL", "postgres://u:hush@h/d"),
            ("COATCHECK__CONTENT__OPTIONS__AWS_REGION", "eu"),
            ("COATCHECK__CONTENT__OPTIONS_FILE", "/o.toml"),
        ],
        ..World::default()
    };
    let config = world.load().expect("valid");
    let redacted = config.print(Secrets::Redacted).expect("it prints");
    assert!(!redacted.contains("hush") && redacted.contains("url = \"[redacted]\""), "{redacted}");
    assert!(!format!("{config:?}").contains("hush"));
    let shown = config.print(Secrets::Shown).expect("it prints");
    assert!(shown.contains("postgres://u:hush@h/d") && shown.contains("aws_secret_access_key = \"hush\""));
    assert!(shown.contains("aws_region = \"eu\""), "what is set directly wins over the file");
}

#[test]
fn a_broken_secret_file_is_not_quoted() {
    let world = World {
        files: vec![("/o.toml", "key = hush hush\n")],
        environment: vec![("COATCHECK__CONTENT__OPTIONS_FILE", "/o.toml")],
        ..World::default()
    };
    assert_eq!(world.problems(), ["/o.toml, line 1: this is no TOML table of texts (name = \"value\")"]);
}
