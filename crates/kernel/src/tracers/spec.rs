//! Which functions a user wants to be traced.

use crate::Error;

/// Functions of the kernel whose calls are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionTrace {
    /// Names, in which `*` and `?` stand for anything.
    pub functions: Vec<String>,
    /// Of these, the ones that are left out.
    pub left_out: Vec<String>,
    /// What is told of them.
    pub kind: FunctionKind,
}

/// What is told of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// Their calls.
    Calls {
        /// With the whole stack of callers.
        stacks: bool,
    },
    /// Their calls and returns.
    Graph {
        /// How deep calls may lie within others of them.
        depth: Option<u32>,
    },
}

impl FunctionTrace {
    /// The kernel's name for the tracer.
    pub const fn tracer(&self) -> &'static str {
        match self.kind {
            FunctionKind::Calls { .. } => "function",
            FunctionKind::Graph { .. } => "function_graph",
        }
    }

    /// Refuses what the kernel would take for more than a name.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || "_.$*?".contains(c);
        let mut patterns = self.functions.iter().chain(&self.left_out);
        match patterns.find(|pattern| pattern.is_empty() || !pattern.chars().all(is_in_name)) {
            Some(pattern) => Err(self.refused(format!(
                "`{pattern}` is no name of a function; `*` and `?` stand for anything"
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn refused(&self, why: impl Into<String>) -> Error {
        Error::Functions {
            tracer: self.tracer(),
            why: why.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_kernel_s_are_no_names() {
        let check = |pattern: &str| {
            let trace = FunctionTrace {
                functions: vec![pattern.to_owned()],
                left_out: Vec::new(),
                kind: FunctionKind::Calls { stacks: false },
            };
            trace.check().map_err(|error| error.to_string())
        };
        assert_eq!(check("vfs_*.constprop.?"), Ok(()));
        for pattern in ["vfs_read:traceoff", "!vfs_read", "a b", ""] {
            assert_eq!(
                check(pattern).unwrap_err(),
                format!(
                    "trace functions with the tracer function: `{pattern}` is no name of a function; \
                     `*` and `?` stand for anything"
                )
            );
        }
    }
}
