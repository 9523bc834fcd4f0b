//! The rules of gRFC A2 as a table, and that no text does harm.

use proptest::prelude::*;

use super::*;

const OUR_HOST: &str = "web-1";

fn chosen(text: &str, lot: f64) -> Result<Option<String>, String> {
    let mut draw = |_choice| lot;
    match choose(text.as_bytes(), OUR_HOST, &mut draw) {
        Ok(ServiceConfigUpdate::Json(json)) => Ok(Some(json)),
        Ok(ServiceConfigUpdate::None) => Ok(None),
        Ok(ServiceConfigUpdate::Invalid(status)) => panic!("{status}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_first_choice_for_this_client_is_taken() {
    for (name, text, expected) in [
        ("no choice", r#"[]"#, None),
        ("for all", r#"[{"serviceConfig":{"a":1}}]"#, Some(r#"{"a":1}"#)),
        ("empty", r#"[{"serviceConfig":{}}]"#, Some("{}")),
        ("first wins", r#"[{"serviceConfig":{"a":1}},{"serviceConfig":{}}]"#, Some(r#"{"a":1}"#)),
        ("our language", r#"[{"clientLanguage":["go","RuSt"],"serviceConfig":{}}]"#, Some("{}")),
        ("another", r#"[{"clientLanguage":["go"],"serviceConfig":{}}]"#, None),
        ("no language", r#"[{"clientLanguage":[],"serviceConfig":{}}]"#, None),
        ("our host", r#"[{"clientHostname":["web-1"],"serviceConfig":{}}]"#, Some("{}")),
        ("go's spelling", r#"[{"clientHostName":["web-2"],"serviceConfig":{}}]"#, None),
        ("letter case", r#"[{"clientHostname":["WEB-1"],"serviceConfig":{}}]"#, None),
        ("never", r#"[{"percentage":0,"serviceConfig":{}}]"#, None),
        ("always", r#"[{"percentage":100,"serviceConfig":{}}]"#, Some("{}")),
        ("null is absent", r#"[{"percentage":null,"serviceConfig":{}}]"#, Some("{}")),
        (
            // grpc-go: TestDNSResolver_Basic, with our language in place of theirs.
            "one after another",
            r#"[{"clientLanguage":["CPP","JAVA"],"serviceConfig":{"n":1}},
                {"percentage":0,"serviceConfig":{"n":2}},
                {"clientHostname":["localhost"],"serviceConfig":{"n":3}},
                {"clientLanguage":["RUST"],"percentage":100,"serviceConfig":{"n":4}},
                {"serviceConfig":{"n":5}}]"#,
            Some(r#"{"n":4}"#),
        ),
    ] {
        for lot in [0.0, 0.999] {
            assert_eq!(chosen(text, lot), Ok(expected.map(str::to_owned)), "{name}");
        }
    }
}

#[test]
fn a_percentage_is_a_lot_for_each_choice() {
    let text =
        r#"[{"percentage":10,"serviceConfig":{"n":1}},{"percentage":50,"serviceConfig":{"n":2}}]"#;
    for (lot, expected) in
        [(0.0, Some(1)), (0.099, Some(1)), (0.1, Some(2)), (0.499, Some(2)), (0.5, None)]
    {
        assert_eq!(chosen(text, lot), Ok(expected.map(|n| format!("{{\"n\":{n}}}"))), "{lot}");
    }
    let mut drawn = Vec::new();
    let mut draw = |choice| {
        drawn.push(choice);
        0.9
    };
    choose(text.as_bytes(), OUR_HOST, &mut draw).unwrap();
    assert_eq!(drawn, [0, 1]);
}

#[test]
fn one_choice_that_is_not_understood_spoils_all() {
    for (text, reason) in [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("{}", "not a list"),
        ("[1]", "choice 0 is not an object"),
        (r#"[{"serviceConfig":{}},{}]"#, "choice 1 has no serviceConfig"),
        (r#"[{"serviceConfig":[]}]"#, "no serviceConfig that is an object"),
        (r#"[{"serviceConfig":{},"clientlanguage":[]}]"#, "the key \"clientlanguage\""),
        (r#"[{"serviceConfig":{},"clientLanguage":"go"}]"#, "clientLanguage that is not a list"),
        (r#"[{"serviceConfig":{},"clientHostname":[1]}]"#, "clientHostname that is not a list"),
        (r#"[{"serviceConfig":{},"percentage":101}]"#, "percentage that is not"),
        (r#"[{"serviceConfig":{},"percentage":-1}]"#, "percentage that is not"),
        (r#"[{"serviceConfig":{},"percentage":1.5}]"#, "percentage that is not"),
        (r#"[{"serviceConfig":{},"percentage":"1"}]"#, "percentage that is not"),
    ] {
        let error = chosen(text, 0.5).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(text: Vec<u8>, lot in 0.0..1.0_f64) {
        if let Err(error) = choose(&text, OUR_HOST, &mut |_| lot) {
            let ServiceConfigUpdate::Invalid(status) = error.into_update("greeter") else {
                panic!("an error is invalid")
            };
            prop_assert!(status.message().contains("greeter"));
        }
    }

    #[test]
    fn about_as_many_clients_as_the_percentage_says(percentage in 0_u32..=100) {
        let text = format!(r#"[{{"percentage":{percentage},"serviceConfig":{{}}}}]"#);
        let taken = (0..1000).filter(|lot| {
            chosen(&text, (f64::from(*lot) + 0.5) / 1000.0) != Ok(None)
        });
        prop_assert_eq!(taken.count(), percentage as usize * 10);
    }
}
