//! Rust source as a flat row of words and marks, with their lines. Comments and strings are left out.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A word (a name or a keyword) or a mark (`::` or any other single character).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) is_word: bool,
    /// Counted from one.
    pub(super) line: usize,
}

impl Token {
    /// Is it this word or mark?
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// The word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        self.is_word.then_some(self.text.as_str())
    }
}

/// Takes source apart.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let stream = TokenStream::from_str(source).expect("source that compiles");
    let mut found = Vec::new();
    flatten(stream, &mut found);
    found
}

fn flatten(stream: TokenStream, found: &mut Vec<Token>) {
    let mut joint = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String, is_word, line| {
            found.push(Token {
                text,
                is_word,
                line,
            });
        };
        let was_joint = std::mem::take(&mut joint);
        match tree {
            TokenTree::Ident(name) => push(name.to_string(), true, line),
            TokenTree::Punct(mark) if mark.as_char() == ':' && was_joint => {
                found.last_mut().expect("the first colon").text = "::".to_owned();
            }
            TokenTree::Punct(mark) => {
                joint = mark.as_char() == ':' && mark.spacing() == Spacing::Joint;
                push(mark.to_string(), false, line);
            }
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned(), false, line);
                flatten(group.stream(), found);
                let line = group.span_close().start().line;
                found.push(Token {
                    text: close.to_owned(),
                    is_word: false,
                    line,
                });
            }
        }
    }
}

#[test]
fn strings_and_comments_are_left_out() {
    let source = r####"a "b\" c" // d
/* e /* f */ g */ h r#"i " j"# 'k' '\'' &'l m b"n" br"o" crate::p"####;
    let found = tokens(source);
    let words: Vec<&str> = found.iter().filter_map(Token::word).collect();
    assert_eq!(words, ["a", "h", "l", "m", "crate", "p"]);
    assert_eq!(found.last().map(|token| token.line), Some(2));
    assert!(found.iter().any(|token| token.is("::")));
}
