use std::collections::BTreeSet;

use super::*;

#[test]
fn b_the_description_names_every_schema_it_refers_to() {
    let document = openapi();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let text = document.to_string();
    let mut found = 0;
    for reference in text.split("\"$ref\":\"").skip(1) {
        let target = reference.split('"').next().unwrap_or_default();
        let name = target.strip_prefix("#/components/schemas/").unwrap_or_else(|| panic!("{target}"));
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
        found += 1;
    }
    assert!(found > 20, "{found}");
}

#[test]
fn b_every_operation_says_who_may_and_what_it_answers() {
    let document = openapi();
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method];
        assert_eq!(operation["security"].is_array(), route.who != "anybody", "{} {}", route.method, route.path);
        assert!(operation["responses"][route.status].is_object(), "{} {}", route.method, route.path);
    }
}

#[test]
fn b_the_description_is_sound_openapi() {
    let document = openapi();
    assert_eq!(document["openapi"], "3.1.0");
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name} is no JSON Schema: {schema}");
    }
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let mut named: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        named.sort_unstable();
        for (method, operation) in operations.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} names two operations");
            let parameters = operation["parameters"].as_array().expect("parameters").iter();
            let mut given: Vec<&str> = parameters
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().expect("a name"))
                .collect();
            given.sort_unstable();
            assert_eq!(given, named, "{method} {path}");
        }
    }
}

/// Every `.route("path", get(…).put(…))` of the router, read off its source.
fn routed() -> BTreeSet<(String, String)> {
    let source = include_str!("../../rest.rs");
    let mut found = BTreeSet::new();
    for route in source.split(".route(\"").skip(1) {
        let (path, handlers) = route.split_once('"').expect("a path in quotes");
        let end = handlers.find(".route(").unwrap_or(handlers.len());
        let handlers = handlers[..end].split([';', '\n']).next().expect("the rest of the line");
        for method in ["get", "post", "put", "delete", "patch"] {
            if handlers.contains(&format!("{method}(")) {
                found.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    found
}

#[test]
fn b_every_route_is_described_and_everything_described_is_routed() {
    let described: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, routed());
    assert_eq!(described.len(), ROUTES.len(), "one stands there twice");
}
