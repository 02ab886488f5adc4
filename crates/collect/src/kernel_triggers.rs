//! Which of the kernel's own triggers and tracers a request sets, and what a plan says of them.

use thalweg_kernel::KernelConfig;

use crate::summary::KernelRequest;

/// Sets them; what a user should know of it.
pub(crate) fn choose(request: &KernelRequest, config: &mut KernelConfig) -> Option<String> {
    config.histograms.clone_from(&request.histograms);
    config.synthetics.clone_from(&request.synthetics);
    config.latency = request.latency;
    let is_tracked = config.track.is_some() || config.untrack.is_some();
    (is_tracked && !config.histograms.is_empty())
        .then(|| "histograms count what all threads do: triggers know no tracking".to_owned())
}

/// What would tell what.
pub(crate) fn planned(config: &KernelConfig) -> Vec<String> {
    let histograms = config.histograms.iter().map(|one| {
        format!(
            "a hist trigger of the kernel's counts {} by groups",
            one.event
        )
    });
    let synthetics = config.synthetics.iter().map(|one| {
        let (name, start, end) = (&one.name, &one.start.0, &one.end.0);
        format!("the kernel makes the event {name} of {start} and {end}, by two hist triggers")
    });
    let latency = config.latency.iter();
    let latency = latency.map(|one| format!("the kernel's tracer {} measures", one.name()));
    histograms.chain(synthetics).chain(latency).collect()
}
