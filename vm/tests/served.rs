//! What `mdvm serve` takes a request for: nothing is given back, or run, as something else than it was written.
#![cfg(feature = "json")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use base64::Engine as _;
use machine_dialect_vm::{Value, assemble, plug};

/// The answer about a program that gives back the global `x`.
fn answer(fields: &str) -> String {
    let module = assemble("load_global r0, \"x\"\nreturn r0").unwrap().encode();
    let module = base64::engine::general_purpose::STANDARD.encode(module);
    plug::answer(&format!("{{\"module\": \"{module}\", {fields}}}"))
}

#[test]
fn an_id_comes_back_as_it_was_written() {
    let ids = [
        "1",
        "0",
        "-9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "100000000000000000000000000000000000000000000000000000001",
        "1.50",
        "1e2",
        "\"two\"",
        "\"\\u00e9\\n\"",
        "null",
        "true",
        "[1, 2]",
    ];
    for id in ids {
        let answer = answer(&format!("\"id\": {id}"));
        assert!(answer.starts_with(&format!("{{\"id\": {id}, \"outcome\": ")), "{id}: {answer}");
        let refused = plug::answer(&format!("{{\"id\": {id}, \"module\": 1}}"));
        assert!(refused.starts_with(&format!("{{\"id\": {id}, \"error\": ")), "{id}: {refused}");
    }
}

#[test]
fn a_global_is_the_int_that_was_written_or_none() {
    for number in ["9223372036854775807", "-9223372036854775808", "0"] {
        let answer = answer(&format!("\"id\": 1, \"globals\": {{\"x\": {number}}}"));
        assert!(answer.contains(&format!("\"result\": {number},")), "{answer}");
    }
    let large =
        ["9223372036854775808", "-9223372036854775809", "100000000000000000000", "18446744073709551616"];
    for number in large {
        let values = [
            number.to_owned(),
            format!("[1, {number}]"),
            format!("{{\"dict\": [[\"{number}\\\"\", {number}]]}}"),
        ];
        for value in values {
            let answer = answer(&format!("\"id\": 1, \"globals\": {{\"x\": {value}}}"));
            assert!(
                answer.contains(&format!("{number} does not fit an int of 64 bits"))
                    && !answer.contains("outcome"),
                "{value}: {answer}"
            );
            let error = Value::from_json(&value).unwrap_err();
            assert!(error.contains("does not fit an int of 64 bits"), "{value}: {error}");
        }
    }
    // These are floats, and a text.
    for value in [
        "1e20",
        "100000000000000000000.0",
        "\"100000000000000000000\"",
        "{\"float\": \"100000000000000000000\"}",
    ] {
        assert!(
            answer(&format!("\"id\": 1, \"globals\": {{\"x\": {value}}}")).contains("\"status\": \"ok\""),
            "{value}"
        );
        Value::from_json(value).unwrap();
    }
    let many = "9".repeat(1_000_000);
    assert!(answer(&format!("\"id\": 1, \"globals\": {{\"x\": {many}}}")).len() < 1000);
}

/// An integer is an int, also where its sign says nothing; a float keeps it.
#[test]
fn a_zero_with_a_sign_is_an_int_where_it_has_no_point() {
    for (value, result) in [
        ("-0", "0"),
        ("[-0, 1, -0]", "[0, 1, 0]"),
        ("{\"dict\": [[\"-0\", -0]]}", "{\"dict\": [[\"-0\", 0]]}"),
        ("\"-0\"", "\"-0\""),
        ("-0.0", "{\"float\": \"-0\"}"),
        ("-0e1", "{\"float\": \"-0\"}"),
        ("{\"float\": \"-0\"}", "{\"float\": \"-0\"}"),
    ] {
        let answer = answer(&format!("\"id\": 1, \"globals\": {{\"x\": {value}}}"));
        assert!(answer.contains(&format!("\"result\": {result},")), "{value}: {answer}");
        assert_eq!(Value::from_json(value).unwrap().to_json(), result, "{value}");
    }
}
