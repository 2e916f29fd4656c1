//! The whole policy on pages one can read: who may what, and which gate says no.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use coatcheck::domain::{
    actor::{Account, Actor, Ceiling, Dialect, Level, Reach, Role, Rule},
    id::{CategoryId, ItemId, PrincipalId},
    lock::{Held, Mode},
    permission::{self, Action, Facts, Gate, Over},
    person::{Affiliation, License, Person, PrincipalKind},
};
use insta::assert_snapshot;
use proptest::prelude::*;
use uuid::Uuid;

const ROOT: ItemId = ItemId(Uuid::from_u128(1));
const FILE: ItemId = ItemId(Uuid::from_u128(2));
const CALLER: PrincipalId = PrincipalId(Uuid::from_u128(3));
const OTHER: PrincipalId = PrincipalId(Uuid::from_u128(4));
const CATEGORY: CategoryId = CategoryId(Uuid::from_u128(5));

const ROLES: [Option<Role>; 6] =
    [None, Some(Role::Viewer), Some(Role::Downloader), Some(Role::Contributor), Some(Role::Manager), Some(Role::Owner)];
const LICENSES: [License; 4] = [License::Full, License::Approver, License::Limited, License::ReadOnly];

fn account(role: Option<Role>, license: License) -> Account {
    Account {
        person: Person {
            id: CALLER,
            kind: PrincipalKind::User,
            name: "Caller".to_owned(),
            login: "caller".to_owned(),
            email: "caller@example.com".to_owned(),
            number: 1,
            arena_guid: String::new(),
            oracle_id: String::new(),
            graph_id: Uuid::nil(),
        },
        license,
        affiliation: Affiliation::Employee,
        administrator: false,
        disabled: false,
        application: false,
        scopes: Vec::new(),
        principals: vec![CALLER],
        roles: role.map(|role| (ROOT, role)).into_iter().collect::<HashMap<_, _>>(),
        shared: Vec::new(),
        rules: Vec::new(),
        levels: HashMap::new(),
    }
}

fn facts(held: Option<Held>) -> Facts<'static> {
    Facts {
        item: FILE,
        ancestors: &[ROOT],
        personal_to: None,
        owner: OTHER,
        private: false,
        unpublished_by: None,
        policies_required: false,
        categories: &[(CATEGORY, None)],
        held,
        held_above: None,
    }
}

/// `yes`, or the gate that said no.
fn answer(actor: &Actor, action: Action, on: &Facts<'_>) -> &'static str {
    match permission::check(actor, action, on) {
        Ok(permit) => match permit.over() {
            Over::NamedReservation if on.held.is_some_and(|held| held.holder != CALLER) => "named",
            Over::Nobody | Over::Anybody | Over::NamedReservation => "yes",
        },
        Err(denial) => match denial.gate {
            Gate::Account => "account",
            Gate::Visible => "visible",
            Gate::Scope => "scope",
            Gate::License => "license",
            Gate::Policy => "policy",
            Gate::Category => "category",
            Gate::Role => "role",
            Gate::Grounds => "held",
        },
    }
}

fn name(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

/// A table: a title, a head line, one line for each row.
fn table<R: Copy, C: Copy>(
    title: &str,
    rows: &[(R, String)],
    columns: &[(C, String)],
    cell: impl Fn(R, C) -> &'static str,
) -> String {
    let mut text = format!("{title}\n{:22}", "");
    for (_, name) in columns {
        let _ = write!(text, "{name:12}");
    }
    for (row, name) in rows {
        let mut line = format!("{name:22}");
        for (column, _) in columns {
            let _ = write!(line, "{:12}", cell(*row, *column));
        }
        let _ = write!(text, "\n{}", line.trim_end());
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn actions() -> Vec<(Action, String)> {
    Action::ALL.iter().map(|action| (*action, name(action))).collect()
}

#[test]
fn who_may_what_with_a_free_file() {
    let roles: Vec<_> = ROLES.iter().map(|role| (*role, role.map_or("nobody".to_owned(), name))).collect();
    let mut page = String::new();
    for license in LICENSES {
        let title = format!("A free file, no policies required, license {license:?}: action by role");
        let cell = |action, role| {
            answer(&Actor::new(Arc::new(account(role, license)), Dialect::Console), action, &facts(None))
        };
        let _ = write!(page, "{}\n\n", table(&title, &actions(), &roles, cell));
    }
    assert_snapshot!("free_file", page.trim_end());
}

#[test]
fn what_policies_and_categories_add() {
    #[derive(Clone, Copy)]
    enum Given {
        Nothing,
        Rule(Rule),
        RuleElsewhere,
        Level(Level),
        Application,
    }
    let columns = [
        (Given::Nothing, "no rule".to_owned()),
        (Given::Rule(Rule::ReadFile), "read".to_owned()),
        (Given::Rule(Rule::EditFile), "edit".to_owned()),
        (Given::Rule(Rule::OverrideCheckOut), "override".to_owned()),
        (Given::RuleElsewhere, "edit others".to_owned()),
        (Given::Application, "application".to_owned()),
    ];
    let levels = [
        (Given::Level(Level::None), "none".to_owned()),
        (Given::Level(Level::Read), "read".to_owned()),
        (Given::Level(Level::Full), "full".to_owned()),
    ];
    let cell = |required| {
        move |action, given| {
            let mut account = account(Some(Role::Owner), License::Full);
            match given {
                Given::Nothing => {}
                Given::Rule(rule) => account.rules.push((rule, None)),
                Given::RuleElsewhere => account.rules.push((Rule::EditFile, Some(CategoryId(Uuid::from_u128(99))))),
                Given::Level(level) => drop(account.levels.insert(CATEGORY, level)),
                Given::Application => account.application = true,
            }
            let facts = Facts { policies_required: required, ..facts(None) };
            answer(&Actor::new(Arc::new(account), Dialect::Console), action, &facts)
        }
    };
    let required =
        table("Policies required, an owner with a full license: action by rule", &actions(), &columns, cell(true));
    let level =
        table("An owner with a full license: action by level on the category", &actions(), &levels, cell(false));
    assert_snapshot!("policies_and_categories", format!("{required}\n\n{level}"));
}

#[test]
fn what_suppliers_see() {
    let kinds = [
        Affiliation::Employee,
        Affiliation::Partner,
        Affiliation::BasicSupplier,
        Affiliation::AdvancedSupplier,
        Affiliation::Integration,
    ];
    let columns: Vec<_> = kinds.iter().map(|kind| (*kind, name(kind).chars().take(11).collect())).collect();
    let mut page = String::new();
    for (private, words) in [(false, "A file"), (true, "A private file")] {
        let cell = |action, affiliation| {
            let account = Account { affiliation, administrator: true, ..account(Some(Role::Owner), License::Full) };
            let facts = Facts { private, ..facts(None) };
            answer(&Actor::new(Arc::new(account), Dialect::Console), action, &facts)
        };
        let title = format!("{words}, an owner who is an administrator: action by affiliation");
        let _ = write!(page, "{}\n\n", table(&title, &actions(), &columns, cell));
    }
    assert_snapshot!("suppliers", page.trim_end());
}

#[test]
fn what_was_never_checked_in_exists_for_its_maker_alone() {
    let held = Some(Held { holder: OTHER, mode: Mode::CheckOut });
    let dialects = [Dialect::Arena, Dialect::Oracle, Dialect::Graph, Dialect::Liferay, Dialect::Console];
    for dialect in dialects {
        for (administrator, application) in [(false, false), (true, false), (false, true), (true, true)] {
            let account = Account { administrator, application, ..account(Some(Role::Owner), License::Full) };
            let actor = Actor::new(Arc::new(account), dialect);
            for action in Action::ALL {
                let others = Facts { unpublished_by: Some(OTHER), owner: CALLER, ..facts(held) };
                // who may take anybody's lock away from outside takes it, and sees no more of the file
                let takes = action == Action::Cancel
                    && match dialect {
                        Dialect::Graph => application,
                        Dialect::Console => true,
                        Dialect::Arena | Dialect::Oracle | Dialect::Liferay => false,
                    };
                let case = format!("{dialect:?} {action:?} {administrator} {application}");
                assert_eq!(answer(&actor, action, &others), if takes { "yes" } else { "visible" }, "{case}");
                let own = Held { holder: CALLER, mode: Mode::CheckOut };
                let own = Facts { unpublished_by: Some(CALLER), ..facts(Some(own)) };
                assert_eq!(answer(&actor, action, &own), "yes", "{case}");
            }
        }
    }
}

#[test]
fn what_a_credential_cuts_off() {
    #[derive(Clone, Copy)]
    enum Where {
        Own,
        Shared,
        Elsewhere,
    }
    let reaches = [
        (Ceiling { read: Reach::Nothing, write: Reach::Nothing }, "nothing".to_owned()),
        (Ceiling { read: Reach::Own, write: Reach::Nothing }, "read own".to_owned()),
        (Ceiling { read: Reach::Own, write: Reach::Own }, "write own".to_owned()),
        (Ceiling { read: Reach::All, write: Reach::Nothing }, "read all".to_owned()),
        (Ceiling { read: Reach::All, write: Reach::All }, "write all".to_owned()),
    ];
    let mut rows = Vec::new();
    for (place, words) in [(Where::Own, "own"), (Where::Shared, "shared"), (Where::Elsewhere, "elsewhere")] {
        for action in [Action::Download, Action::CheckOut] {
            rows.push(((place, action), format!("{action:?}, {words}")));
        }
    }
    let cell = |(place, action), ceiling| {
        let mut account = account(Some(Role::Owner), License::Full);
        let mut facts = facts(None);
        match place {
            Where::Own => facts.personal_to = Some(CALLER),
            Where::Shared => account.shared.push(ROOT),
            Where::Elsewhere => {}
        }
        answer(&Actor { ceiling, ..Actor::new(Arc::new(account), Dialect::Graph) }, action, &facts)
    };
    assert_snapshot!(
        "scopes",
        table("An owner with a full license: where by the credential's reach", &rows, &reaches, cell)
    );
}

#[derive(Clone, Copy)]
enum Who {
    Contributor,
    Manager,
    FileOwner,
    OverrideRule,
    Administrator,
    Application,
}

const WHO: [(Who, &str); 6] = [
    (Who::Contributor, "contributor"),
    (Who::Manager, "manager"),
    (Who::FileOwner, "file owner"),
    (Who::OverrideRule, "override"),
    (Who::Administrator, "admin"),
    (Who::Application, "application"),
];

#[test]
fn who_may_act_on_whose_lock_in_which_dialect() {
    let columns: Vec<_> = WHO.iter().map(|(who, words)| (*who, (*words).to_owned())).collect();
    let mut page = String::new();
    for (held, words) in [
        (Held { holder: CALLER, mode: Mode::CheckOut }, "the caller's own check-out"),
        (Held { holder: OTHER, mode: Mode::CheckOut }, "somebody else's check-out"),
        (Held { holder: OTHER, mode: Mode::Reservation }, "somebody else's reservation"),
    ] {
        let mut rows = Vec::new();
        for action in
            [Action::CheckOut, Action::SaveDraft, Action::AddEdition, Action::CheckIn, Action::Cancel, Action::Delete]
        {
            for dialect in Dialect::ALL {
                rows.push(((action, dialect), format!("{action:?}, {dialect:?}")));
            }
        }
        let cell = |(action, dialect), who| {
            let mut account = account(Some(Role::Contributor), License::Full);
            let mut facts = facts(Some(held));
            match who {
                Who::Contributor => {}
                Who::Manager => drop(account.roles.insert(ROOT, Role::Manager)),
                Who::FileOwner => facts.owner = CALLER,
                Who::OverrideRule => account.rules.push((Rule::OverrideCheckOut, None)),
                Who::Administrator => account.administrator = true,
                Who::Application => account.application = true,
            }
            answer(&Actor::new(Arc::new(account), dialect), action, &facts)
        };
        let _ = write!(page, "{}\n\n", table(&format!("Held: {words}"), &rows, &columns, cell));
    }
    assert_snapshot!("locks", page.trim_end());
}

fn some_actor() -> impl Strategy<Value = (Actor, bool, Option<Held>)> {
    let dialect = prop::sample::select(Dialect::ALL.to_vec());
    let role = prop::sample::select(ROLES.to_vec());
    let license = prop::sample::select(LICENSES.to_vec());
    let flags = prop::array::uniform6(any::<bool>());
    let held = prop::option::of((
        prop::sample::select(vec![CALLER, OTHER]),
        prop::sample::select(vec![Mode::CheckOut, Mode::Reservation]),
    ));
    (dialect, role, license, flags, held).prop_map(|(dialect, role, license, flags, held)| {
        let [administrator, disabled, application, edit, overriding, required] = flags;
        let mut account = Account { administrator, disabled, application, ..account(role, license) };
        account.rules.extend(edit.then_some((Rule::EditFile, None)));
        account.rules.extend(overriding.then_some((Rule::OverrideCheckOut, None)));
        let held = held.map(|(holder, mode)| Held { holder, mode });
        (Actor::new(Arc::new(account), dialect), required, held)
    })
}

#[test]
fn who_may_what_below_a_folder_that_somebody_else_has_locked() {
    let held = |holder| Some(Held { holder, mode: Mode::CheckOut });
    let columns: Vec<_> = [("free", None), ("own", held(CALLER)), ("other's", held(OTHER))]
        .into_iter()
        .flat_map(|(own, lock)| {
            [("", CALLER), (" below", OTHER)].map(|(below, above)| ((lock, held(above)), format!("{own}{below}")))
        })
        .collect();
    let title = "A contributor's rights by the lock on the item; below: under somebody else's inheritable one, else under one's own";
    let page = table(title, &actions(), &columns, |action, (held, held_above)| {
        let actor = Actor::new(Arc::new(account(Some(Role::Contributor), License::Full)), Dialect::Liferay);
        answer(&actor, action, &Facts { held_above, ..facts(held) })
    });
    assert_snapshot!("folder_locks", page);
}

proptest! {
    #[test]
    fn a_denial_names_the_first_closed_gate((actor, policies_required, held) in some_actor(), action in prop::sample::select(Action::ALL.to_vec())) {
        let facts = Facts { policies_required, ..facts(held) };
        let first = permission::explain(&actor, action, &facts).into_iter().find(|(_, open)| !open).map(|(gate, _)| gate);
        prop_assert_eq!(permission::check(&actor, action, &facts).err().map(|denial| denial.gate), first);
    }

    #[test]
    fn a_disabled_account_and_a_stranger_may_nothing((actor, policies_required, held) in some_actor(), action in prop::sample::select(Action::ALL.to_vec())) {
        let facts = Facts { policies_required, ..facts(held) };
        let may = permission::check(&actor, action, &facts).is_ok();
        let account = actor.account.as_ref().unwrap();
        let stranger = account.roles.is_empty() && !account.administrator && !account.application;
        prop_assert!(!(may && (account.disabled || stranger)));
    }

    #[test]
    fn nobody_writes_without_a_full_license((actor, policies_required, held) in some_actor(), action in prop::sample::select(Action::ALL.to_vec())) {
        let facts = Facts { policies_required, ..facts(held) };
        let full = actor.account.as_ref().unwrap().license == License::Full;
        prop_assert!(full || !action.needs().writes || permission::check(&actor, action, &facts).is_err());
    }
}

#[test]
fn who_may_define_metadata_collections() {
    let reading = Ceiling { read: Reach::All, write: Reach::Nothing };
    let own = Ceiling { read: Reach::Own, write: Reach::Own };
    let row = |administrator, license, ceiling| {
        let account = Account { administrator, ..account(None, license) };
        let actor = Actor { ceiling, ..Actor::new(Arc::new(account), Dialect::Oracle) };
        let gate = |owner| permission::check_definition(&actor, owner).map_err(|denial| denial.gate).err();
        [gate(None), gate(Some(CALLER)), gate(Some(OTHER))]
    };
    let (full, limited, none) = (License::Full, License::ReadOnly, Ceiling::NONE);
    let (role, scope) = (Some(Gate::Role), Some(Gate::Scope));
    assert_eq!(row(true, full, none), [None, None, role]);
    assert_eq!(row(false, full, none), [role, None, role]);
    // one's own are no change of anything that others see
    assert_eq!(row(true, limited, none), [Some(Gate::License), None, role]);
    assert_eq!(row(true, full, reading), [scope, scope, scope]);
    assert_eq!(row(true, full, own), [scope, None, role]);
    let nobody = Actor::anonymous(Dialect::Oracle);
    assert!(
        permission::check_definition(&nobody, None).is_err()
            && permission::check_definition(&nobody, Some(CALLER)).is_err()
    );
}

#[test]
fn whoever_sees_an_item_may_say_something_that_only_they_see() {
    let said = |role, license, ceiling, held| {
        let actor = Actor { ceiling, ..Actor::new(Arc::new(account(role, license)), Dialect::Oracle) };
        permission::check_own_words(&actor, &facts(held)).map_err(|denial| denial.gate).err()
    };
    let held = Some(Held { holder: OTHER, mode: Mode::CheckOut });
    let reading = Ceiling { read: Reach::All, write: Reach::Nothing };
    assert_eq!(said(Some(Role::Viewer), License::ReadOnly, Ceiling::NONE, held), None);
    assert_eq!(said(Some(Role::Owner), License::Full, reading, None), Some(Gate::Scope));
    assert_eq!(said(None, License::Full, Ceiling::NONE, None), Some(Gate::Visible));
    assert!(permission::check_own_words(&Actor::anonymous(Dialect::Oracle), &facts(None)).is_err());
}
