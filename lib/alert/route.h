/* alert/route.h - who is told of a transition of an alert.
 *
 * Channels are known by their names. Pure; any thread. */
#pragma once
#include "alert.h"
#include "rule/match.h"

/* The first match wins unless `more`. */
struct shd_route {
	const struct shd_match *match; /* NULL: every alert */
	struct shd_texts to;         /* channels */
	int64_t group_for_ms;        /* wait this long to put alerts into one message */
	bool more;                   /* the routes below are looked at as well */
};

struct shd_routes {
	const struct shd_route *items;
	size_t count;
	struct shd_texts channels;   /* all that there are */
};

/* A transition, and all else that decides who is told of it. */
struct shd_route_query {
	const struct shd_match_facts *facts;
	bool over;                   /* told to those who were told of the episode */
	bool held_back;              /* by an alert that its rule names: nobody is told */
	const char *about;           /* the channel that the alert is about, which cannot tell of
				      * its own failure while there is another; NULL: none */
	struct shd_texts notified;   /* the channels that were told of the episode; some of them
				      * may have gone meanwhile */
};

struct shd_recipient {
	const char *channel;           /* one of shd_routes.channels */
	const struct shd_route *route; /* NULL: it is over */
};

/* Each recipient once; *ret_recipients has room for all channels. Returns how many. */
size_t shd_route_alert(const struct shd_routes *routes, const struct shd_route_query *query,
		       struct shd_recipient *ret_recipients);
