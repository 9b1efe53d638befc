/* net/curl_loop.h - curl multi handles on the loop: their sockets and their timers.
 *
 * Nobody outside net includes this. Loop thread only. */
#pragma once
#include <curl/curl.h>
#include <uv.h>

/* The descriptors that all multi handles of a loop use. They share them because a number that
 * one of them closed is the next one's socket: libuv knows a descriptor by its number only. */
struct shd_curl_sockets;
struct shd_curl_sockets *shd_curl_sockets_create(uv_loop_t *loop);
/* When no multi handle uses them any more. closed(ctx) is called when all handles of libuv are
 * closed; at once when there are none. */
void shd_curl_sockets_close(struct shd_curl_sockets *sockets, void (*closed)(void *ctx), void *ctx);

/* One multi handle. progress(ctx) runs after every action of curl: finished transfers are to
 * be drained there. Never from inside a call into curl. */
struct shd_curl_loop;
struct shd_curl_loop *shd_curl_loop_create(struct shd_curl_sockets *sockets, CURLM *multi,
					   void (*progress)(void *ctx), void *ctx);

/* From a later turn: last(ctx), which cleans the multi handle up; then closed(ctx). progress
 * is not called any more. */
void shd_curl_loop_close(struct shd_curl_loop *glue, void (*last)(void *ctx),
			 void (*closed)(void *ctx));
