#include "easy.h"

enum { CA_CACHE_S = 24 * 3600 };

void shd_easy_prepare(CURL *easy, const struct shd_egress *egress, char *message)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* closing waits for no name server */
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
	/* A CA path would defeat the cache of the CA file: 30 ms instead of 1 ms for
	 * each new connection. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
	/* "" and not NULL: the environment does not choose how a store leaves. */
	curl_easy_setopt(easy, CURLOPT_PROXY, egress->proxy ? egress->proxy : "");
	curl_easy_setopt(easy, CURLOPT_INTERFACE, egress->interface);
	if (egress->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, egress->ca_file);
}

enum shd_err shd_easy_error_kind(CURLcode code)
{
	static const CURLcode tls[] = {CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
		CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ISSUER_ERROR,
		CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CRL_BADFILE, CURLE_USE_SSL_FAILED};

	if (code == CURLE_OPERATION_TIMEDOUT)
		return SHD_ERR_TIMEOUT;
	for (size_t i = 0; i < SHD_COUNT(tls); i++)
		if (code == tls[i])
			return SHD_ERR_TLS;
	return SHD_ERR_NETWORK;
}

const char *shd_easy_no_header(const void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

void shd_easy_cancel(shd_transfer_fn *done, void *ctx)
{
	struct shd_transfer_out out = {.header = shd_easy_no_header};

	shd_fail(&out.error, SHD_ERR_CLOSING, "given up because the daemon stops");
	shd_text_init(&out.body, 0);
	done(ctx, &out);
}
