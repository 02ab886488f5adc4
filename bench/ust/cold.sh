# Sourced by run.sh: one event each millisecond, with other memory in the caches.

cold() {
    for tracer in thalweg lttng-ust; do
        recorded $tracer -- "$(program $tracer)" cold $samples || continue
        awk -F, -v head="$round,$tracer" '{ print head ",cold," $1; print head ",cold_bare," $2 }' "$work/rows" >>"$numbers"
    done
}
