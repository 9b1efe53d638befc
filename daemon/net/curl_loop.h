/* net/curl_loop.h - a curl multi handle on the loop: its sockets and its timer.
 *
 * Half of transfer.c; nobody else includes this. Loop thread only. */
#pragma once
#include <curl/curl.h>
#include <uv.h>

struct shd_curl_loop;

/* progress(ctx) runs after every action of curl: finished transfers are to be
 * drained there. Never from inside a call into curl. */
struct shd_curl_loop *shd_curl_loop_create(uv_loop_t *loop, CURLM *multi,
					   void (*progress)(void *ctx), void *ctx);

/* From a later turn: last(ctx), which cleans the multi handle up; then, when all
 * handles are closed, closed(ctx). progress is not called any more. */
void shd_curl_loop_close(struct shd_curl_loop *glue, void (*last)(void *ctx),
			 void (*closed)(void *ctx));
