//! Metadata as statements: no grammar, only words, brackets and semicolons.

/// A statement: its words, without the semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement(Vec<String>);

/// A field of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its class, in the short notation: `u64x`, `i8(UTF8)`, `string`.
    pub(super) class: String,
    /// Its name, as written.
    pub(super) name: String,
    /// What stands between its brackets.
    pub(super) lengths: Vec<String>,
}

impl Field {
    /// `u8x _buf[ __buf_length ]`.
    pub(super) fn notation(&self) -> String {
        let lengths: String = self
            .lengths
            .iter()
            .map(|length| bracketed(length))
            .collect();
        format!("{} {}{lengths}", self.class, self.name)
    }
}

fn bracketed(length: &str) -> String {
    match length.bytes().all(|b| b.is_ascii_digit()) {
        true => format!("[{length}]"),
        false => format!("[ {length} ]"),
    }
}

impl Statement {
    /// The first word.
    pub(super) fn kind(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// All words, one space between them.
    pub(super) fn words(&self) -> String {
        self.0.join(" ")
    }

    /// The statements between the outermost braces.
    pub(super) fn body(&self) -> Vec<Statement> {
        let begin = self
            .0
            .iter()
            .position(|word| word == "{")
            .map_or(self.0.len(), |at| at + 1);
        let end = self.0.iter().rposition(|word| word == "}").unwrap_or(begin);
        split(&self.0[begin..end.max(begin)])
    }

    /// What the body says of `key`, without quotes.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        let value = self.body().into_iter().find_map(|entry| entry.says(key))?;
        Some(value.0.join(" ").trim_matches('"').to_owned())
    }

    /// The right side of `key = …` or `key := …`.
    pub(super) fn says(&self, key: &str) -> Option<Statement> {
        let sign = self.0.iter().position(|word| word == "=" || word == ":=")?;
        (self.0[..sign].join(" ") == key).then(|| Statement(self.0[sign + 1..].to_vec()))
    }

    /// The structure that the body declares for `scope`.
    pub(super) fn scope(&self, scope: &str) -> Option<Statement> {
        self.body().into_iter().find_map(|entry| entry.says(scope))
    }

    /// The body's entries as fields.
    pub(super) fn fields(&self) -> Vec<Field> {
        self.body().iter().map(Statement::field).collect()
    }

    fn field(&self) -> Field {
        let mut words = self.0.clone();
        let mut lengths = Vec::new();
        while words.last().is_some_and(|word| word == "]") {
            let open = words.iter().rposition(|word| word == "[").unwrap_or(0);
            lengths.insert(0, words[open + 1..words.len() - 1].join(" "));
            words.truncate(open);
        }
        let name = words.pop().unwrap_or_default();
        Field {
            class: class_notation(&words),
            name,
            lengths,
        }
    }
}

fn class_notation(words: &[String]) -> String {
    match words.first().map(String::as_str) {
        Some("integer") => integer_notation(&Statement(words.to_vec())),
        Some("enum") => enum_notation(words),
        Some("string") => "string".to_owned(),
        Some("floating_point") => "float".to_owned(),
        _ => words.join(" "),
    }
}

fn integer_notation(class: &Statement) -> String {
    let is = |key: &str, values: &[&str]| {
        class
            .value(key)
            .is_some_and(|v| values.contains(&v.as_str()))
    };
    let sign = if is("signed", &["1", "true"]) {
        "i"
    } else {
        "u"
    };
    let base = match class.value("base").as_deref() {
        Some("16") => "x",
        Some("8") => "o",
        Some("2") => "b",
        _ => "",
    };
    let order = if is("byte_order", &["be"]) { "be" } else { "" };
    let text = if is("encoding", &["UTF8"]) {
        "(UTF8)"
    } else {
        ""
    };
    format!(
        "{sign}{}{base}{order}{text}",
        class.value("size").unwrap_or_default()
    )
}

fn enum_notation(words: &[String]) -> String {
    // `enum : integer { … } { labels }`
    let labels = words
        .iter()
        .rposition(|word| word == "{")
        .unwrap_or(words.len());
    let class = class_notation(words.get(2..labels).unwrap_or_default());
    let labels = words[labels..].join(" ").replace(" ,", ",");
    format!("enum : {class} {labels}")
}

/// The text of a metadata file: as it is, or out of LTTng's packets.
pub(super) fn metadata_text(bytes: &[u8]) -> Result<String, String> {
    let text = match bytes.starts_with(&0x75D1_1D57_u32.to_le_bytes()) {
        true => unpacked(bytes)?,
        false => bytes.to_vec(),
    };
    let text = String::from_utf8(text).map_err(|_| "metadata is not UTF-8".to_owned())?;
    match text.starts_with("/* CTF 1.8") {
        true => Ok(text),
        false => Err("metadata does not begin with its signature".to_owned()),
    }
}

fn unpacked(mut bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    while !bytes.is_empty() {
        let number = |at: usize| {
            let word = bytes
                .get(at..at + 4)
                .ok_or("a metadata packet has no header")?;
            let bits = u32::from_le_bytes(word.try_into().expect("four bytes"));
            Ok::<usize, String>(bits as usize / 8)
        };
        let (content, packet) = (number(24)?, number(28)?);
        text.extend(bytes.get(37..content).ok_or("a metadata packet is cut")?);
        bytes = bytes
            .get(packet.max(37)..)
            .ok_or("a metadata packet is cut")?;
    }
    Ok(text)
}

/// The top-level statements of `text`.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    split(&words(text))
}

fn split(words: &[String]) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut depth, mut begin) = (0_i32, 0);
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            ";" if depth == 0 => {
                found.push(Statement(words[begin..at].to_vec()));
                begin = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => string_len(rest),
            c if is_word(c) => rest
                .find(|c: char| !is_word(c) && c != '.')
                .unwrap_or(rest.len()),
            '.' => rest.find(|c: char| c != '.').unwrap_or(rest.len()),
            ':' if rest.starts_with(":=") => 2,
            c => c.len_utf8(),
        };
        if !rest.starts_with("/*") {
            found.push(rest[..len].to_owned());
        }
        rest = rest[len..].trim_start();
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn string_len(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}
