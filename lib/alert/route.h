/* alert/route.h - who is told of a transition of an alert.
 *
 * Channels are numbers, given by whoever made the routes. Pure; any thread. */
#pragma once
#include "alert.h"
#include "rule/match.h"

/* The first match wins unless `more`. */
struct shd_route {
	const struct shd_match *match; /* NULL: every alert */
	const size_t *channels;
	size_t channel_count;
	int64_t group_for_ms;        /* wait this long to put alerts into one message */
	bool more;                   /* the routes below are looked at as well */
};

struct shd_routes {
	const struct shd_route *items;
	size_t count;
	size_t channels;             /* how many there are; their numbers are less */
};

/* A transition, and all else that decides who is told of it. */
struct shd_route_query {
	const struct shd_match_facts *facts;
	bool over;                   /* told to those who were told of the episode */
	bool held_back;              /* by an alert that its rule names: nobody is told */
	size_t about;                /* the channel that the alert is about, which cannot tell of
				      * its own failure while there is another; SIZE_MAX: none */
	const size_t *notified;      /* the channels that were told of the episode */
	size_t notified_count;
};

struct shd_recipient {
	size_t channel;
	const struct shd_route *route; /* NULL: it is over */
};

/* Each recipient once; *ret_recipients has room for all channels. Returns how many. */
size_t shd_route_alert(const struct shd_routes *routes, const struct shd_route_query *query,
		       struct shd_recipient *ret_recipients);
