//! Settings of the workspace (spec/arena.md 10).

use coatcheck::seed;
use insta::assert_snapshot;

use super::files::category;
use crate::support::{
    arena::{code, guid, guid_in, message, plain},
    server::Server,
};

#[tokio::test]
async fn the_categories_one_may_read_are_listed_with_their_paths() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    assert_snapshot!(plain(&ann.get("/v1/settings/files/categories").await), @r#"
    200 OK
    {"count":1,"results":[{"activated":true,"assignable":true,"creationDateTime":"2026-03-04T05:06:07Z","creator":null,"description":"","guid":"G1","level":1,"name":"-uncategorized-","path":"File","requirements":[],"systemDefined":true}]}
    "#);

    let design = category(&server, None, "Design", None).await;
    category(&server, Some(&design), "CAD", None).await;
    category(&server, None, "Secret", Some("none")).await;
    let paths = async |query: &str| {
        let answer = ann.get(&format!("/v1/settings/files/categories{query}")).await.expect(200);
        let json = answer.json();
        let entries: Vec<String> = json["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("{} {} {}", entry["level"], entry["path"].as_str().unwrap(), entry["systemDefined"]))
            .collect();
        assert_eq!(json["count"], entries.len());
        entries.join(", ")
    };
    assert_eq!(paths("").await, r"1 File true, 2 File\Design false, 3 File\Design\CAD false");
    assert_eq!(
        paths("?path=file%5Cdesign*&limit=1&assignable=true").await,
        r"2 File\Design false, 3 File\Design\CAD false"
    );
    assert_eq!(paths("?path=File").await, "1 File true");
    assert_eq!(paths("?path=Design").await, "");
    assert_eq!(paths("?path=*CAD&includeDeleted=true&user=x&action=y&offset=z").await, r"3 File\Design\CAD false");
}
/// Applies a seed.
async fn put(server: &Server, text: &str) -> Result<seed::Applied, seed::Error> {
    let beside = seed::Beside::Bundled(&[]);
    seed::apply(&server.vault, &seed::Seed { name: "more.toml".to_owned(), text, beside }).await
}

/// A structural category with one below it that files can be of, and one that is not active any more.
const CATEGORIES: &str = r#"
    [[categories]]
    path = "Mechanical"
    description = "only groups"
    assignable = false

    [[categories]]
    path = "Mechanical/Sheet"

    [[categories]]
    path = "Fax"
    active = false
"#;

#[tokio::test]
async fn one_category_is_shown_as_in_the_list() {
    let server = Server::start().await;
    let applied = put(&server, CATEGORIES).await.unwrap();
    category(&server, None, "Secret", Some("none")).await;
    let vic = server.arena(&server.world.vic).await;
    let guid_of = |path: &str| applied.categories.iter().find(|it| it.path == path).unwrap().arena_guid.clone();
    let path = format!("/v1/settings/files/categories/{}", guid_of("Mechanical"));
    assert_snapshot!(plain(&vic.get(&format!("{path}?user=x&action=y&includeDeleted=true")).await), @r#"
    200 OK
    {"activated":true,"assignable":false,"creationDateTime":"2026-03-04T05:06:07Z","creator":null,"description":"only groups","guid":"G1","level":2,"name":"Mechanical","path":"File\\Mechanical","requirements":[],"systemDefined":false}
    "#);
    let fax = vic.get(&format!("/settings/files/categories/{}", guid_of("Fax"))).await.expect(200).json();
    assert_eq!((&fax["activated"], &fax["assignable"]), (&false.into(), &true.into()));
    let list = vic.get("/v1/settings/files/categories").await.expect(200).json();
    assert_eq!(list["count"], 4);
    for entry in list["results"].as_array().unwrap() {
        let path = format!("/v1/settings/files/categories/{}", entry["guid"].as_str().unwrap());
        assert_eq!(vic.get(&path).await.expect(200).json(), *entry);
    }
    // what one may not read is like what is not there
    for unknown in ["SECRET00000000000000", "K2M501MD03M2L47YKQ5B", "x", &guid_of("Fax").to_lowercase()] {
        let refused = vic.get(&format!("/v1/settings/files/categories/{unknown}")).await;
        assert_eq!(code(&refused), "400 3011");
        assert_eq!(message(&refused), format!("The guid \"{unknown}\" is not valid."));
    }
}

#[tokio::test]
async fn no_file_gets_a_structural_category_or_one_that_is_not_active() {
    let server = Server::start().await;
    let applied = put(&server, CATEGORIES).await.unwrap();
    let guid_of = |path: &str| applied.categories.iter().find(|it| it.path == path).unwrap().arena_guid.clone();
    let ann = server.arena(&server.world.ann).await;
    let (mechanical, sheet, fax) = (guid_of("Mechanical"), guid_of("Mechanical/Sheet"), guid_of("Fax"));
    let structural = "This category is structural; objects may not be assigned to it.".to_owned();
    let inactive = format!("The category \"Fax\" (guid {fax}) is inactive.");
    let plan = guid(&server.world.file);
    ann.check_out(plan).await.expect(201);
    for (category, refusal, words) in [(&mechanical, "400 3007", &structural), (&fax, "400 3038", &inactive)] {
        let texts = [("title", "Bracket"), ("edition", "1"), ("category.guid", category.as_str())];
        let made = ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await;
        assert_eq!((code(&made).as_str(), message(&made)), (refusal, words.clone()));
        for mode in ["true", "false"] {
            let checked_in = ann.check_in(plan, mode, "x", &[("file.category.guid", category)]).await;
            assert_eq!((code(&checked_in).as_str(), message(&checked_in)), (refusal, words.clone()), "{mode}");
        }
    }
    assert_eq!(ann.get("/files").await.json()["count"], 1);
    ann.check_in(plan, "true", "x", &[("file.category.guid", &sheet)]).await.expect(201);
    // rights come before the state of a category
    put(&server, "[[categories]]\npath = \"Mechanical\"\nlevels = { ann = \"read\" }").await.unwrap();
    let texts = [("title", "Bracket"), ("edition", "1"), ("category.guid", mechanical.as_str())];
    let made = ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await;
    assert_eq!(code(&made), "400 3024");
}

#[tokio::test]
async fn a_file_keeps_a_category_that_was_given_up() {
    let server = Server::start().await;
    let fax = put(&server, "[[categories]]\npath = \"Fax\"").await.unwrap().categories[0].arena_guid.clone();
    let ann = server.arena(&server.world.ann).await;
    let texts = [("title", "Order"), ("edition", "1"), ("category.guid", fax.as_str())];
    let file = guid_in(&ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201));
    put(&server, "[[categories]]\npath = \"Fax\"\nactive = false").await.unwrap();
    ann.check_out(&file).await.expect(201);
    ann.check_in(&file, "true", "y", &[("file.category.guid", &fax)]).await.expect(201);
}

#[tokio::test]
async fn the_attributes_of_files_are_described() {
    let server = Server::start().await;
    let vic = server.arena(&server.world.vic).await;
    let answer = vic.get("/v1/settings/files/attributes").await.expect(200);
    assert_snapshot!(answer.text().replace("},{", "},\n{"), @r#"
    {"count":24,"results":[{"allowsExplicitNullValue":false,"apiName":"author","creatable":true,"editable":true,"fieldType":"OBJECT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":true,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"category","creatable":true,"editable":true,"fieldType":"OBJECT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":true,"searchable":true},
    {"allowsExplicitNullValue":false,"apiName":"checkedOut","creatable":false,"editable":false,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"checkoutDateTime","creatable":false,"editable":false,"fieldType":"DATETIME","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"checkoutUser","creatable":false,"editable":false,"fieldType":"OBJECT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"corrected","creatable":false,"editable":false,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"creationDateTime","creatable":false,"editable":false,"fieldType":"DATETIME","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":true,"apiName":"description","creatable":true,"editable":true,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":4000,"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"edition","creatable":true,"editable":true,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":32,"required":true,"searchable":false},
    {"allowsExplicitNullValue":true,"apiName":"format","creatable":true,"editable":true,"fieldType":"DROP_DOWN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":100,"required":false,"searchable":true},
    {"allowsExplicitNullValue":false,"apiName":"guid","creatable":false,"editable":false,"fieldType":"GUID","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"hasMarkup","creatable":false,"editable":false,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"lastModifiedDateTime","creatable":false,"editable":false,"fieldType":"DATETIME","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"latest","creatable":false,"editable":false,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"location","creatable":true,"editable":true,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":2000,"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"locked","creatable":false,"editable":false,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"mimeType","creatable":false,"editable":false,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"name","creatable":false,"editable":false,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":255,"required":false,"searchable":true},
    {"allowsExplicitNullValue":false,"apiName":"number","creatable":false,"editable":false,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":true},
    {"allowsExplicitNullValue":false,"apiName":"private","creatable":true,"editable":true,"fieldType":"BOOLEAN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"size","creatable":false,"editable":false,"fieldType":"INTEGER","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":false,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"storageMethod","creatable":true,"editable":false,"fieldType":"INTEGER","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":true,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"storageMethodName","creatable":true,"editable":true,"fieldType":"FIXED_DROP_DOWN","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"required":true,"searchable":false},
    {"allowsExplicitNullValue":false,"apiName":"title","creatable":true,"editable":true,"fieldType":"SINGLE_LINE_TEXT","inViews":["ITEM_FILES","FILE_SUMMARY","SI_FILES"],"maxLength":255,"required":true,"searchable":true}]}
    "#);
    let names = async |query: &str| {
        let json = vic.get(&format!("/v1/settings/files/attributes{query}")).await.expect(200).json();
        let names: Vec<&str> =
            json["results"].as_array().unwrap().iter().map(|entry| entry["apiName"].as_str().unwrap()).collect();
        assert_eq!(json["count"], names.len());
        names.join(" ")
    };
    assert_eq!(
        names("").await,
        names("?editableOnly=false&searchableOnly=False&limit=1&offset=x&includeDeleted=true").await
    );
    assert_snapshot!(names("?creatableOnly=true").await, @"author category description edition format location private storageMethod storageMethodName title");
    assert_snapshot!(names("?creatableOnly=false").await, @"checkedOut checkoutDateTime checkoutUser corrected creationDateTime guid hasMarkup lastModifiedDateTime latest locked mimeType name number size");
    assert_snapshot!(names("?editableOnly=TRUE").await, @"author category description edition format location private storageMethodName title");
    assert_snapshot!(names("?searchableOnly=true").await, @"category format name number title");
    assert_eq!(names("?searchableOnly=true&creatableOnly=true").await, "category format title");
    assert_eq!(names("?editableOnly=&searchableOnly=").await, names("").await);
}

#[tokio::test]
async fn possible_values_come_when_they_are_asked_for() {
    let server = Server::start().await;
    let vic = server.arena(&server.world.vic).await;
    for (query, some) in [("", false), ("?includePossibleValues=false", false), ("?includePossibleValues=true", true)] {
        let json = vic.get(&format!("/v1/settings/files/attributes{query}")).await.expect(200).json();
        for entry in json["results"].as_array().unwrap() {
            let values = entry.get("possibleValues");
            if some && entry["apiName"] == "storageMethodName" {
                assert_eq!(values, Some(&serde_json::json!(["FILE", "FTP", "PLACE_HOLDER", "WEB"])));
            } else {
                assert_eq!(values, None, "{entry}");
            }
        }
    }
    for flag in ["includePossibleValues", "creatableOnly", "editableOnly", "searchableOnly"] {
        let refused = vic.get(&format!("/v1/settings/files/attributes?{flag}=true&{flag}=yes")).await;
        assert_eq!(code(&refused), "400 3257");
        assert_eq!(
            message(&refused),
            format!("The value \"yes\" is not valid for the attribute \"{flag}\" of Boolean type.")
        );
    }
}

#[tokio::test]
async fn what_is_described_is_what_a_file_shows() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    let shown = ann.get(&format!("/files/{file}")).await.expect(200).json();
    let described = ann.get("/settings/files/attributes").await.expect(200).json();
    let described: Vec<&str> =
        described["results"].as_array().unwrap().iter().map(|entry| entry["apiName"].as_str().unwrap()).collect();
    // which is ours, not the vendor's
    let fields = shown.as_object().unwrap().keys().filter(|key| *key != "haveContent");
    assert_eq!(fields.collect::<Vec<_>>(), described);
}

#[tokio::test]
async fn there_are_no_categories_of_changes() {
    let server = Server::start().await;
    let vic = server.arena(&server.world.vic).await;
    let answer = vic.get("/v1/settings/changes/categories").await.expect(200);
    assert_eq!(answer.text(), r#"{"count":0,"results":[]}"#);
    assert_eq!(answer.header("x-arena-requests-remaining"), "9999");
    assert_eq!(code(&server.send(server.get("/v1/settings/changes/categories")).await), "401 401");
}
