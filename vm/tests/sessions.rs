//! Sessions at a terminal, as a user would have them: `cmd/*.md` tells what is typed and what is shown. With
//! `TRYCMD=overwrite` what is shown now is written there; read the difference before you commit it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[test]
fn sessions_are_as_recorded() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
