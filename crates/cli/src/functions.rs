//! `--functions` and `--function-graph`: many functions of the kernel, without a probe for each.

use clap::Args;
use thalweg_kernel::{FunctionKind, FunctionTrace};

/// The functions that are traced, and what is told of them.
#[derive(Debug, Args)]
pub(crate) struct FunctionArgs {
    /// Record each call of these functions of the kernel, as func_entry with the caller: names, in which
    /// `*` and `?` stand for anything, with commas between.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', group = "traced")]
    functions: Vec<String>,

    /// Record each call of these functions of the kernel and each return, as func_entry and func_exit
    /// with depth and duration.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', group = "traced")]
    function_graph: Vec<String>,

    /// Leave these functions out.
    #[arg(
        long,
        value_name = "PATTERNS",
        value_delimiter = ',',
        requires = "traced"
    )]
    function_notrace: Vec<String>,

    /// Record calls that lie less than N deep within others of these functions (1: the outermost).
    #[arg(long, value_name = "N", requires = "function_graph", conflicts_with = "functions", value_parser = clap::value_parser!(u32).range(1..))]
    function_depth: Option<u32>,

    /// Record with each call all of its callers, as kernel_stack.
    #[arg(long, requires = "functions", conflicts_with = "function_graph")]
    function_stacks: bool,
}

impl FunctionArgs {
    /// What is to be traced, if anything.
    pub(crate) fn trace(&self) -> Option<FunctionTrace> {
        let (functions, kind) = match (&self.functions[..], &self.function_graph[..]) {
            ([], []) => return None,
            ([], graph) => {
                let depth = self.function_depth;
                (graph, FunctionKind::Graph { depth })
            }
            (calls, _) => {
                let stacks = self.function_stacks;
                (calls, FunctionKind::Calls { stacks })
            }
        };
        Some(FunctionTrace {
            functions: functions.to_vec(),
            left_out: self.function_notrace.clone(),
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        functions: FunctionArgs,
    }

    fn trace(line: &str) -> Result<Option<FunctionTrace>, String> {
        let words = ["record"].into_iter().chain(line.split_whitespace());
        let parsed = Command::try_parse_from(words).map_err(|error| error.to_string())?;
        Ok(parsed.functions.trace())
    }

    #[test]
    fn functions_are_traced_by_one_tracer() {
        let calls = trace("--functions a*,b --function-notrace ab --function-stacks");
        let calls = calls.unwrap().unwrap();
        assert_eq!(calls.functions, ["a*", "b"]);
        assert_eq!(calls.left_out, ["ab"]);
        assert_eq!(calls.kind, FunctionKind::Calls { stacks: true });
        let graph = trace("--function-graph a --function-depth 2");
        let depth = Some(2);
        assert_eq!(graph.unwrap().unwrap().kind, FunctionKind::Graph { depth });
        assert_eq!(trace("").unwrap(), None);
        for line in [
            "--functions a --function-graph b",
            "--functions a --function-depth 2",
            "--function-graph a --function-depth 0",
            "--function-graph a --function-stacks",
            "--function-notrace a",
        ] {
            assert!(trace(line).is_err(), "{line}");
        }
    }
}
