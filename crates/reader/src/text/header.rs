//! What stands before an event's fields: the trace's host and process, and the event's name.
//!
//! ```text
//!   host:process:(pid) name:                                             without names
//!   , trace:hostname = host, trace:procname = process, name = name,      with names, behind a time
//! ```
//!
//! The separators are babeltrace2's to the last blank, those around a trace's name too.

use thalweg_model::{EnvValue, EventClass, LogLevel, TraceClass};

use super::options::{Fields, Names};

/// What is known of a trace beside its metadata.
pub(super) struct Origin<'c> {
    pub(super) class: &'c TraceClass,
    /// Its folder below the one that was asked for.
    pub(super) folder: &'c str,
    pub(super) fields: Fields,
    pub(super) names: Names,
}

/// A header that is being written.
struct Header {
    text: String,
    names: bool,
    /// Whether something stands before it in the line that needs a separator.
    behind_names: bool,
    /// Whether a field of the origin was written.
    has_origin: bool,
}

impl Origin<'_> {
    /// All that stands between an event's time, if it has one, and its first context.
    pub(super) fn header(&self, event: &EventClass, has_time: bool) -> String {
        let mut header = Header {
            text: String::new(),
            names: self.names.header,
            behind_names: self.names.header && has_time,
            has_origin: false,
        };
        if self.fields.trace {
            header.trace(&self.trace_name());
        }
        let fields = [
            (self.fields.hostname, "hostname"),
            (self.fields.domain, "domain"),
            (self.fields.procname, "procname"),
            (self.fields.vpid, "vpid"),
        ];
        for (_, name) in fields.iter().filter(|(is_wanted, _)| *is_wanted) {
            if let Some(value) = self.environment(name) {
                header.field(&format!("trace:{name}"), &value);
            }
        }
        if let Some(level) = event.log_level.filter(|_| self.fields.loglevel) {
            let shown = format!("{} ({})", level_name(level), level as u8);
            header.field("loglevel", &shown);
        }
        if let Some(uri) = event.model_uri.as_ref().filter(|_| self.fields.emf) {
            header.field("model.emf.uri", uri);
        }
        header.name(&event.name);
        header.text
    }

    fn trace_name(&self) -> String {
        let host = self.environment("hostname");
        let parts = host.iter().map(String::as_str).chain([self.folder]);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }

    /// A value as it is shown: a number in parentheses.
    fn environment(&self, name: &str) -> Option<String> {
        let mut all = self.class.environment.iter();
        let (_, value) = all.find(|(key, _)| key == name)?;
        match value {
            EnvValue::Text(text) if name != "vpid" => Some(text.clone()),
            EnvValue::Integer(number) if name == "vpid" => Some(format!("({number})")),
            _ => None,
        }
    }
}

impl Header {
    fn separate(&mut self) {
        if self.behind_names {
            self.text += ", ";
        }
    }

    fn trace(&mut self, name: &str) {
        self.separate();
        if self.names {
            self.text += "trace = ";
        }
        self.text += name;
        if self.names {
            self.text += ", ";
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        self.separate();
        if self.names {
            self.text += name;
            self.text += " = ";
        } else if self.has_origin {
            self.text.push(':');
        }
        self.text += value;
        self.has_origin = true;
    }

    fn name(&mut self, name: &str) {
        if self.has_origin && !self.names {
            self.text.push(' ');
        }
        self.separate();
        if self.names {
            self.text += "name = ";
        }
        self.text += name;
        self.text += if self.names { ", " } else { ": " };
    }
}

const fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Emerg => "TRACE_EMERG",
        LogLevel::Alert => "TRACE_ALERT",
        LogLevel::Crit => "TRACE_CRIT",
        LogLevel::Err => "TRACE_ERR",
        LogLevel::Warning => "TRACE_WARNING",
        LogLevel::Notice => "TRACE_NOTICE",
        LogLevel::Info => "TRACE_INFO",
        LogLevel::DebugSystem => "TRACE_DEBUG_SYSTEM",
        LogLevel::DebugProgram => "TRACE_DEBUG_PROGRAM",
        LogLevel::DebugProcess => "TRACE_DEBUG_PROCESS",
        LogLevel::DebugModule => "TRACE_DEBUG_MODULE",
        LogLevel::DebugUnit => "TRACE_DEBUG_UNIT",
        LogLevel::DebugFunction => "TRACE_DEBUG_FUNCTION",
        LogLevel::DebugLine => "TRACE_DEBUG_LINE",
        LogLevel::Debug => "TRACE_DEBUG",
    }
}
