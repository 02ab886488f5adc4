//! The parser's tokens, limits and top level.

use thalweg_model::{ByteOrder, TraceClass};

use super::blocks::Draft;
use super::envelope::text_of;
use super::error::{MetadataError, Position, Reason};
use super::keywords::KEYWORDS;
use super::lexer::{Kind, Lexer, Token};
use super::scope::{Scopes, Typed};

/// Longer metadata is refused.
pub const MAX_BYTES: usize = 64 << 20;
/// Types that nest deeper are refused.
pub const MAX_DEPTH: usize = 64;
/// Metadata that declares more field classes, repetitions counted, is refused.
pub const MAX_CLASSES: usize = 1 << 20;

const START: Position = Position { line: 1, column: 1 };

/// What a trace's metadata says; `bytes` are text or packets.
pub fn parse(bytes: &[u8]) -> Result<TraceClass, MetadataError> {
    if bytes.len() > MAX_BYTES {
        let reason = Reason::TooLarge {
            size_bytes: bytes.len(),
            limit_bytes: MAX_BYTES,
        };
        return Err(reason.at(START));
    }
    let (text, packets) = text_of(bytes)?;
    if packets.is_none() {
        check_signature(&text)?;
    }
    let assumed = packets.unwrap_or(ByteOrder::Little);
    let mut draft = draft(&text, assumed)?;
    let declared = draft.byte_order()?;
    check_order(packets, declared)?;
    if declared != assumed {
        draft = self::draft(&text, declared)?;
    }
    draft.finish()
}

fn draft(text: &[u8], native: ByteOrder) -> Result<Draft, MetadataError> {
    let mut parser = Parser::new(text, native)?;
    while parser.peek() != &Kind::End {
        parser.root_declaration()?;
    }
    Ok(parser.draft)
}

/// Text that names its version must name 1.8; hand-written text may name none.
fn check_signature(text: &[u8]) -> Result<(), MetadataError> {
    let Some(rest) = text.strip_prefix(b"/* CTF ") else {
        return Ok(());
    };
    let version = rest
        .split(|b| !b.is_ascii_digit() && *b != b'.')
        .next()
        .unwrap_or_default();
    if version == b"1.8" {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(&version[..version.len().min(16)]).into_owned();
    Err(Reason::Version(shown).at(START))
}

fn check_order(packets: Option<ByteOrder>, trace: ByteOrder) -> Result<(), MetadataError> {
    match packets {
        Some(packets) if packets != trace => {
            let reason = Reason::ByteOrderMismatch {
                packets: order_name(packets),
                trace: order_name(trace),
            };
            Err(reason.at(START))
        }
        _ => Ok(()),
    }
}

fn order_name(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "little",
        ByteOrder::Big => "big",
    }
}

/// Reads tokens and keeps what they declared so far.
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    look: Token<'a>,
    /// The byte order of integers that do not name one.
    pub(super) native: ByteOrder,
    pub(super) scopes: Scopes,
    pub(super) draft: Draft,
    depth: usize,
    classes: usize,
    /// How many structures and variants are open.
    pub(super) bodies: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], native: ByteOrder) -> Result<Self, MetadataError> {
        let mut lexer = Lexer::new(text);
        let look = lexer.next()?;
        let (scopes, draft) = (Scopes::new(), Draft::default());
        Ok(Self {
            lexer,
            look,
            native,
            scopes,
            draft,
            depth: 0,
            classes: 0,
            bodies: 0,
        })
    }

    pub(super) fn peek(&self) -> &Kind<'a> {
        &self.look.kind
    }

    /// Where the next token is.
    pub(super) fn at(&self) -> Position {
        self.look.at
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, MetadataError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.look, next))
    }

    /// Passes `mark` if it is next.
    pub(super) fn accept(&mut self, mark: &str) -> Result<bool, MetadataError> {
        let found = matches!(self.peek(), Kind::Mark(m) if *m == mark);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, mark: &'static str) -> Result<(), MetadataError> {
        if self.accept(mark)? {
            Ok(())
        } else {
            Err(self.unexpected(mark))
        }
    }

    /// The next token is not what had to come.
    pub(super) fn unexpected(&self, expected: &'static str) -> MetadataError {
        Reason::Expected {
            expected,
            found: self.peek().shown(),
        }
        .at(self.at())
    }

    /// The next token if it is a word, reserved or not.
    pub(super) fn peek_word(&self) -> Option<&'a str> {
        match *self.peek() {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Passes `word` if it is next.
    pub(super) fn accept_word(&mut self, word: &str) -> Result<bool, MetadataError> {
        let found = self.peek_word() == Some(word);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// A word, reserved or not.
    pub(super) fn word(&mut self, expected: &'static str) -> Result<&'a str, MetadataError> {
        let word = self.peek_word().ok_or_else(|| self.unexpected(expected))?;
        self.next()?;
        Ok(word)
    }

    /// A word that is not reserved.
    pub(super) fn identifier(&mut self, expected: &'static str) -> Result<&'a str, MetadataError> {
        let at = self.at();
        let word = self.word(expected)?;
        if is_reserved(word) {
            Err(Reason::Reserved(word.to_owned()).at(at))
        } else {
            Ok(word)
        }
    }

    /// Counts the classes of `typed`, which is about to be used.
    pub(super) fn charge(&mut self, typed: Typed, at: Position) -> Result<Typed, MetadataError> {
        self.classes = self.classes.saturating_add(typed.weight);
        if self.classes > MAX_CLASSES {
            return Err(Reason::TooManyClasses(MAX_CLASSES).at(at));
        }
        if typed.depth > MAX_DEPTH {
            return Err(Reason::TooDeep(MAX_DEPTH).at(at));
        }
        Ok(typed)
    }

    /// Runs `inner` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, MetadataError>,
    ) -> Result<T, MetadataError> {
        if self.depth >= MAX_DEPTH {
            return Err(Reason::TooDeep(MAX_DEPTH).at(self.at()));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
}

pub(super) fn is_reserved(word: &str) -> bool {
    KEYWORDS.contains(&word)
}
