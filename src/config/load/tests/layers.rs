//! The layers of the server file.

use super::*;

const FILE: &str = "version: 1\nlisten: 127.0.0.1:1111\nupstreams:\n  open-ai: { url: 'https://a', timeout: 5s }\n\
    routes:\n  - { id: r, match: { path: /* }, upstream: open-ai, policy: p }\n  - { id: s, match: {}, upstream: open-ai, policy: q }\n";

fn load(
    environment: &[(&str, &str)],
    flags: &[(&str, &str, &str)],
) -> (Option<LoadedServer>, Problems) {
    let folder = Folder::of(&[("tidegate.yaml", FILE)]);
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let flags: Vec<_> = flags
        .iter()
        .map(|(name, path, value)| Flag {
            name: (*name).to_owned(),
            path: (*path).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    load_server(Some(&folder.path("tidegate.yaml")), &environment, &flags)
}

fn sound(environment: &[(&str, &str)], flags: &[(&str, &str, &str)]) -> LoadedServer {
    let (server, problems) = load(environment, flags);
    assert!(problems.is_empty(), "{}", full(&problems));
    server.unwrap()
}

fn origin(server: &LoadedServer, path: &str) -> (String, String) {
    let setting = server.settings.iter().find(|setting| setting.path == path).unwrap();
    let origin = setting.origin.to_string();
    let origin = origin.rsplit('/').next().unwrap_or_default().to_owned();
    (setting.value.clone(), origin)
}

#[test]
fn flags_beat_variables_and_variables_beat_the_file() {
    let environment = [
        ("TIDEGATE_LISTEN", "127.0.0.1:2222"),
        ("TIDEGATE_LIMITS__BODY", "1MiB"),
        ("TIDEGATE_UPSTREAMS__OPEN_AI__URL", "https://b"),
        ("TIDEGATE_ADMIN__HOSTS", "[one, two]"),
        ("TIDEGATE_LOG__FORMAT", "text"),
        ("HOME", "/root"),
    ];
    let server = sound(&environment, &[("--listen", "listen", "127.0.0.1:3333")]);
    assert_eq!(origin(&server, "listen"), ("127.0.0.1:3333".into(), "--listen".into()));
    assert_eq!(origin(&server, "limits.body"), ("1MiB".into(), "TIDEGATE_LIMITS__BODY".into()));
    assert_eq!(origin(&server, "limits.depth"), ("64".into(), "default".into()));
    assert_eq!(
        origin(&server, "upstreams.open-ai.url"),
        ("https://b".into(), "TIDEGATE_UPSTREAMS__OPEN_AI__URL".into())
    );
    assert_eq!(
        origin(&server, "upstreams.open-ai.timeout"),
        ("5s".into(), "tidegate.yaml:4".into())
    );
    assert_eq!(origin(&server, "routes[1].policy"), ("q".into(), "tidegate.yaml:7".into()));
    assert_eq!(server.file.admin.hosts, ["one", "two"]);
}

#[test]
fn one_upstream_and_one_policy_for_every_route() {
    let server =
        sound(&[("TIDEGATE_UPSTREAM", "https://mock:1")], &[("--policy", "policy", "strict")]);
    for route in &server.file.routes {
        assert_eq!((route.upstream.as_str(), route.policy.as_str()), ("command-line", "strict"));
    }
    let url = server.file.upstreams.get("command-line").unwrap().url.as_deref();
    assert_eq!(url, Some("https://mock:1"));
    let server = sound(&[], &[("--demo", "upstream", "demo")]);
    assert!(server.file.upstreams.get("command-line").unwrap().builtin.is_some());
}

#[test]
fn a_variable_with_a_mistake_is_named_as_such() {
    let (_, problems) = load(
        &[
            ("TIDEGATE_LIMITS__BODY", "lots"),
            ("TIDEGATE_LIMIT__BODY", "1MiB"),
            ("TIDEGATE_LIMITS__BODDY", "1MiB"),
        ],
        &[],
    );
    insta::assert_snapshot!(render(&problems, Format::Short, false), @r##"
    environment TIDEGATE_LIMITS__BODDY:1:1: error[TG003]: unknown key `boddy`: `body` is already here
    environment TIDEGATE_LIMITS__BODY:1:1: error[TG002]: `lots` is not a size such as `4MiB`: it does not begin with a number
    environment TIDEGATE_LIMIT__BODY:1:1: error[TG003]: unknown setting `TIDEGATE_LIMIT__BODY`: did you mean `TIDEGATE_LIMITS__…`?
    3 errors in 3 files.
    "##);
}

#[test]
fn a_secret_in_a_variable_is_refused_and_not_shown() {
    let (_, problems) = load(&[("TIDEGATE_UPSTREAMS__OPEN_AI__KEY", "sk-live-99")], &[]);
    assert!(problems.has_errors());
    assert!(!full(&problems).contains("sk-live"), "{}", full(&problems));
    let server = sound(&[("TIDEGATE_UPSTREAMS__OPEN_AI__KEY__ENV", "OPENAI_API_KEY")], &[]);
    assert_eq!(origin(&server, "upstreams.open-ai.key.env").0, "OPENAI_API_KEY");
}

#[test]
fn variables_of_others_are_passed_over() {
    let others = [
        ("TIDEGATE_PORT_80_TCP", "tcp://1"),
        ("TIDEGATE_SERVICE_HOST", "1"),
        ("TIDEGATE_WATCH", "1"),
        ("TIDEGATE_LISTEN", ""),
    ];
    assert_eq!(sound(&others, &[]).file.listen, "127.0.0.1:1111");
}

#[test]
fn without_a_file_the_demo_model_runs() {
    let (server, problems) = load_server(None, &[], &[]);
    assert!(problems.is_empty(), "{}", full(&problems));
    let server = server.unwrap();
    assert_eq!(server.file.routes[0].policy, "default");
    assert_eq!(server.file.store.url, "none");
}

#[test]
fn a_list_is_reached_by_number() {
    let server = sound(&[("TIDEGATE_ROUTES__1__POLICY", "strict")], &[]);
    assert_eq!(server.file.routes[1].policy, "strict");
    let (_, problems) = load(&[("TIDEGATE_ROUTES__7__POLICY", "strict")], &[]);
    assert_eq!(problems.errors(), 1);
}

#[test]
fn the_root_is_found_above_the_policy() {
    let folder =
        Folder::of(&[("tidegate.yaml", FILE), ("policies/p.yaml", "x"), ("alone/p.yaml", "x")]);
    let root = configuration_root(None, Some(&folder.path("policies/p.yaml")));
    assert_eq!(root, folder.root.path().canonicalize().unwrap());
    assert_eq!(configuration_root(Some(Path::new("etc/tidegate.yaml")), None), Path::new("etc"));
    assert_eq!(configuration_root(Some(Path::new("tidegate.yaml")), None), Path::new("."));
    let other = Folder::of(&[("p.yaml", "x")]);
    assert_eq!(configuration_root(None, Some(&other.path("p.yaml"))), other.root.path());
}

#[test]
fn a_variable_that_is_nearly_a_setting_is_named_and_those_of_others_are_passed_over() {
    let (_, problems) = load(&[("TIDEGATE_LISTN", "x"), ("TIDEGATE_UPSTREM", "demo")], &[]);
    assert_eq!(problems.errors(), 2, "{}", full(&problems));
    assert!(full(&problems).contains("did you mean `TIDEGATE_LISTEN`?"));
    assert!(full(&problems).contains("did you mean `TIDEGATE_UPSTREAM`?"));
    sound(
        &[
            ("TIDEGATE_BIN", "/usr/bin/tidegate"),
            ("TIDEGATE_CONFIG", "a.yaml"),
            ("TIDEGATE_POLICY", "p"),
            ("TIDEGATE_POLICY_FILE", "p.yaml"),
            ("TIDEGATE_DEMO_RATE", "0"),
            ("TIDEGATE_PORT", "tcp://10.0.0.1:80"),
            ("TIDEGATE_SERVICE_HOST", "10.0.0.1"),
            ("TIDEGATE_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ],
        &[],
    );
}
