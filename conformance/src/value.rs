//! Values in the JSON form that outcomes use, brought into one spelling so that equal values have equal texts.

use std::fmt;

use machine_dialect_vm::escape::visible;
use serde_yaml::Value as Yaml;

/// The JSON text of a value, without spaces and with every string and number spelled one way.
///
/// Two values are the same exactly when their texts are. `-0` and `0` are two floats, every NaN is one, and the order of
/// the entries of a dict counts, because programs can see it.
///
/// ```
/// use mdvm_conform::value::ValueText;
///
/// let value = ValueText::from_json(r#"[ 1, {"float": "1.50"}, "\u0061" ]"#)?;
/// assert_eq!(value.as_str(), r#"[1,{"float":"1.5"},"a"]"#);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueText(String);

impl ValueText {
    /// The value that a JSON text stands for. Values may be nested to any depth.
    ///
    /// # Errors
    /// Says what is no value, and at which byte of the text.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0, out: String::with_capacity(text.len()) };
        reader.value().map_err(|problem| format!("{problem} at byte {} of {}", reader.at, excerpt(text)))?;
        Ok(Self(reader.out))
    }

    /// The value that a YAML node of a case file stands for: as in JSON, and a plain float is a float.
    ///
    /// # Errors
    /// Says what is no value.
    pub fn from_yaml(node: &Yaml) -> Result<Self, String> {
        let mut out = String::new();
        write_yaml(node, &mut out)?;
        Ok(Self(out))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ValueText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The JSON text of a string.
#[must_use]
pub fn string_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The objects that stand for values JSON has no form of.
const FORMS: &str =
    r#"{"float": "1.5"}, {"dict": [["key", value]]}, {"url": "…"}, {"function": "…"} or {"set": […]}"#;

/// The one spelling of the text of a float.
fn float_text(text: &str) -> Result<String, String> {
    let special = ["nan", "inf", "-inf"].contains(&text);
    match text.parse::<f64>() {
        _ if special => Ok(text.to_owned()),
        Ok(number) if number.is_finite() => Ok(number.to_string()),
        Ok(_) | Err(_) => Err(format!("{text:?} is not the text of a float")),
    }
}

fn write_float(text: &str, out: &mut String) -> Result<(), String> {
    out.push_str(r#"{"float":""#);
    out.push_str(&float_text(text)?);
    out.push_str(r#""}"#);
    Ok(())
}

/// Reads JSON with an explicit stack, because outcomes hold arrays nested a million deep.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

/// A container that is open.
#[derive(Clone, Copy)]
enum Open {
    /// `[value, …]`
    Array,
    /// `{"set": [value, …]}`
    Set,
    /// `{"dict": [entry, …]}`
    Dict,
    /// `["key", value]` in a dict.
    Entry,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<(), String> {
        let mut open = Vec::new();
        loop {
            match self.begin()? {
                None => {}
                Some(container) if self.takes("]") => self.close(container)?,
                Some(container) => {
                    open.push(container);
                    self.begin_item(&mut open)?;
                    continue;
                }
            }
            loop {
                let Some(container) = open.last().copied() else { return self.end() };
                if !matches!(container, Open::Entry) && self.takes(",") {
                    self.out.push(',');
                    self.begin_item(&mut open)?;
                    break;
                }
                self.expect("]")?;
                self.close(container)?;
                open.pop();
            }
        }
    }

    /// Reads a scalar, or the beginning of a container, which it gives back.
    fn begin(&mut self) -> Result<Option<Open>, String> {
        if self.takes("[") {
            self.out.push('[');
            return Ok(Some(Open::Array));
        }
        if self.takes("{") {
            return self.begin_object();
        }
        if self.rest().starts_with('"') {
            let text = self.string()?;
            self.out.push_str(&string_text(&text));
            return Ok(None);
        }
        for word in ["null", "true", "false"] {
            if self.takes(word) {
                self.out.push_str(word);
                return Ok(None);
            }
        }
        self.int().map(|()| None)
    }

    fn begin_object(&mut self) -> Result<Option<Open>, String> {
        let form = self.string().map_err(|_| format!("an object that is none of {FORMS}"))?;
        self.expect(":")?;
        let container = match form.as_str() {
            "set" => Open::Set,
            "dict" => Open::Dict,
            "float" => {
                let text = self.string()?;
                write_float(&text, &mut self.out)?;
                return self.expect("}").map(|()| None);
            }
            "url" | "function" | "elided" => {
                let text = self.string()?;
                self.out.push_str(&format!(r#"{{"{form}":{}}}"#, string_text(&text)));
                return self.expect("}").map(|()| None);
            }
            _ => return Err(format!("an object that is none of {FORMS}")),
        };
        self.expect("[")?;
        self.out.push_str(&format!(r#"{{"{form}":["#));
        Ok(Some(container))
    }

    /// In a dict, an item is a pair that begins with its key.
    fn begin_item(&mut self, open: &mut Vec<Open>) -> Result<(), String> {
        if !matches!(open.last(), Some(Open::Dict)) {
            return Ok(());
        }
        self.expect("[")?;
        let key = self.string()?;
        self.expect(",")?;
        self.out.push_str(&format!("[{},", string_text(&key)));
        open.push(Open::Entry);
        Ok(())
    }

    /// Writes the end of a container whose `]` was read.
    fn close(&mut self, container: Open) -> Result<(), String> {
        self.out.push(']');
        match container {
            Open::Array | Open::Entry => Ok(()),
            Open::Set | Open::Dict => {
                self.out.push('}');
                self.expect("}")
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.skip_space();
        let mut strings = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match strings.next() {
            Some(Ok(text)) => {
                self.at += strings.byte_offset();
                Ok(text)
            }
            Some(Err(_)) | None => Err("expected a string".to_owned()),
        }
    }

    fn int(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '+' | '.');
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let word = &rest[..length];
        let Ok(number) = word.parse::<i64>() else {
            return Err(match word.parse::<f64>() {
                Ok(_) if word.contains(['.', 'e', 'E']) => {
                    format!(r#"{word} is a float, which is written {{"float": "{word}"}},"#)
                }
                Ok(_) | Err(_) => format!("expected a value (an int has at most 64 bits), found {word:?}"),
            });
        };
        self.at += length;
        self.out.push_str(&number.to_string());
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn takes(&mut self, sign: &str) -> bool {
        self.skip_space();
        let takes = self.rest().starts_with(sign);
        if takes {
            self.at += sign.len();
        }
        takes
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("expected {sign}")) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { Err("expected the end".to_owned()) }
    }
}

/// Recursion is safe here: the YAML reader refuses what is nested deeper than it can handle itself.
fn write_yaml(node: &Yaml, out: &mut String) -> Result<(), String> {
    match node {
        Yaml::Null => out.push_str("null"),
        Yaml::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Yaml::String(text) => out.push_str(&string_text(text)),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => out.push_str(&int.to_string()),
            (None, Some(float)) if number.is_f64() => write_float(&float_word(float), out)?,
            (None, _) => return Err(format!("{number} does not fit an int of 64 bits")),
        },
        Yaml::Sequence(items) => write_yaml_items(items, out)?,
        Yaml::Mapping(fields) => {
            let mut fields = fields.iter();
            let (Some((Yaml::String(form), content)), None) = (fields.next(), fields.next()) else {
                return Err(format!("a mapping is one of {FORMS}"));
            };
            write_yaml_form(form, content, out)?;
        }
        Yaml::Tagged(tagged) => return Err(format!("the tag {} means nothing here", tagged.tag)),
    }
    Ok(())
}

fn write_yaml_items(items: &[Yaml], out: &mut String) -> Result<(), String> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_yaml(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_yaml_form(form: &str, content: &Yaml, out: &mut String) -> Result<(), String> {
    match (form, content) {
        ("float", Yaml::String(text)) => return write_float(text, out),
        ("float", Yaml::Number(number)) if number.is_f64() => {
            return write_float(&float_word(number.as_f64().unwrap_or(f64::NAN)), out);
        }
        ("float", _) => return Err(r#"a float is written 1.5 or {float: "1.5"}, with quotes"#.to_owned()),
        ("url" | "function" | "elided", Yaml::String(text)) => {
            out.push_str(&format!(r#"{{"{form}":{}}}"#, string_text(text)));
        }
        ("set", Yaml::Sequence(items)) => {
            out.push_str(r#"{"set":"#);
            write_yaml_items(items, out)?;
            out.push('}');
        }
        ("dict", Yaml::Sequence(entries)) => {
            for entry in entries {
                if !matches!(entry.as_sequence().map(Vec::as_slice), Some([Yaml::String(_), _])) {
                    return Err(
                        "an entry of a dict is written [key, value], and its key is a string".to_owned()
                    );
                }
            }
            out.push_str(r#"{"dict":"#);
            write_yaml_items(entries, out)?;
            out.push('}');
        }
        _ => return Err(format!("{form:?} is none of {FORMS}")),
    }
    Ok(())
}

/// The text of a float as outcomes write it.
fn float_word(float: f64) -> String {
    if float.is_nan() { "nan".to_owned() } else { float.to_string() }
}

/// The beginning of a text, for messages, with all that is not visible escaped.
pub(crate) fn excerpt(text: &str) -> String {
    const LETTERS: usize = 120;
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}… ({} bytes)", visible(&text[..end]), text.len()),
        None => visible(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        ValueText::from_json(text).unwrap().0
    }

    fn yaml(text: &str) -> Result<String, String> {
        ValueText::from_yaml(&serde_yaml::from_str(text).unwrap()).map(|value| value.0)
    }

    #[test]
    fn spaces_escapes_and_float_spellings_do_not_matter() {
        assert_eq!(json(r#" { "float" : "1e2" } "#), r#"{"float":"100"}"#);
        assert_eq!(json(r#""\u00e9\/""#), r#""é/""#);
        assert_eq!(
            json(r#"{"dict": [ ["k", []], ["l", {"set": []}] ]}"#),
            r#"{"dict":[["k",[]],["l",{"set":[]}]]}"#
        );
    }

    #[test]
    fn the_sign_of_zero_and_the_order_of_entries_matter() {
        assert_ne!(json(r#"{"float": "0"}"#), json(r#"{"float": "-0"}"#));
        assert_ne!(json(r#"{"dict": [["a", 1], ["b", 2]]}"#), json(r#"{"dict": [["b", 2], ["a", 1]]}"#));
    }

    #[test]
    fn a_value_nested_a_million_deep_is_read() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(json(&deep), deep);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [
            "",
            "1.5",
            "9223372036854775808",
            "{}",
            r#"{"float": 1}"#,
            r#"{"float": "x"}"#,
            "[1",
            "[1,]",
            "1 2",
        ] {
            assert!(ValueText::from_json(text).is_err(), "{text}");
        }
        for text in
            [r#"{"dict": [["a"]]}"#, r#"{"dict": [[1, 2]]}"#, r#"{"a": 1}"#, r#"{"url": "a", "b": 1}"#]
        {
            assert!(ValueText::from_json(text).is_err(), "{text}");
        }
    }

    #[test]
    fn yaml_has_plain_floats() {
        assert_eq!(yaml("[1, 1.0, -0.0, .nan, -.inf, {float: \"1.5\"}]").unwrap(), {
            json(r#"[1, {"float":"1"}, {"float":"-0"}, {"float":"nan"}, {"float":"-inf"}, {"float":"1.5"}]"#)
        });
        assert_eq!(yaml("{dict: [[k, [~]]]}").unwrap(), r#"{"dict":[["k",[null]]]}"#);
    }

    #[test]
    fn yaml_that_would_lose_something_is_refused() {
        assert!(yaml("{float: -0}").is_err(), "YAML reads this as the int 0");
        assert!(yaml("9223372036854775808").is_err());
        assert!(yaml("{a: 1}").is_err());
        assert!(yaml("{dict: [[1, 2]]}").is_err());
    }
}
