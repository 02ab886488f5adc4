/* The events of src/workload.rs for LTTng-UST. The first workload's comes from the shared folder. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER peer
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./events.h"
#if !defined(PEER_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PEER_EVENTS_H
#include <lttng/tracepoint.h>
LTTNG_UST_TRACEPOINT_EVENT(peer, none, LTTNG_UST_TP_ARGS(), LTTNG_UST_TP_FIELDS())
LTTNG_UST_TRACEPOINT_EVENT(peer, int, LTTNG_UST_TP_ARGS(uint64_t, a),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, a, a)))
LTTNG_UST_TRACEPOINT_EVENT(peer, text, LTTNG_UST_TP_ARGS(uint64_t, a, const char *, text),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, a, a) lttng_ust_field_string(text, text)))
LTTNG_UST_TRACEPOINT_EVENT(peer, bytes16, LTTNG_UST_TP_ARGS(const uint8_t *, data),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_array(uint8_t, data, data, 16)))
LTTNG_UST_TRACEPOINT_EVENT(peer, bytes64, LTTNG_UST_TP_ARGS(const uint8_t *, data),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_array(uint8_t, data, data, 64)))
LTTNG_UST_TRACEPOINT_EVENT(peer, bytes256, LTTNG_UST_TP_ARGS(const uint8_t *, data),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_array(uint8_t, data, data, 256)))
#endif
#include <lttng/tracepoint-event.h>
