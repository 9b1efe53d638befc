/* net/mails.h - the mails on their way, each on a thread that its server may keep waiting.
 *
 * Mails to one server by one egress form a queue, which a few threads serve; a thread keeps its
 * connection for the next mail of the queue, and ends when there is none. So a server that hangs
 * delays what is for itself. Limits: 4 threads a server, 32 in all (only when so many servers
 * hang do others wait for them), 1024 mails that wait.
 *
 * Nobody outside net includes this. Loop thread only. */
#pragma once
#include "transfer.h"

struct shd_mails;

/* Borrows the loop. Returns owned; ends with shd_mails_close. */
struct shd_mails *shd_mails_create(uv_loop_t *loop);

/* done is called once, from a later turn. What `in` points to is borrowed until then, but for
 * the egress. Errors: LIMIT, too many wait; done then never runs. */
SHD_MUST_USE bool shd_mails_send(struct shd_mails *mails, const struct shd_transfer_in *in,
				 const struct shd_egress *egress, shd_transfer_fn *done, void *ctx,
				 struct shd_error *reterr);

/* From later turns: done with CLOSING of all that is not sent, within about a second; then
 * closed(ctx), and *mails is gone. */
void shd_mails_close(struct shd_mails *mails, void (*closed)(void *ctx), void *ctx);
