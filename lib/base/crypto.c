#include "crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

void shd_sha256(
	const struct shd_bytes *parts, size_t count, unsigned char digest[SHD_SHA256_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	shd_assert(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
	for (size_t i = 0; i < count; i++)
		shd_assert(EVP_DigestUpdate(context, parts[i].at, parts[i].len) == 1);
	shd_assert(EVP_DigestFinal_ex(context, digest, NULL) == 1);
	EVP_MD_CTX_free(context);
}

void shd_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char mac[SHD_SHA256_BYTES])
{
	shd_assert(HMAC(EVP_sha256(), key, (int)key_len, bytes, len, mac, NULL));
}

void shd_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

void shd_wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}

void shd_base64_add(struct shd_text *out, const void *bytes, size_t len)
{
	enum { BLOCK = 57 }; /* whole groups of three, so that only the last has padding */
	unsigned char block[4 * BLOCK / 3 + 1];

	for (size_t at = 0; at < len; at += BLOCK) {
		int count = (int)(len - at < BLOCK ? len - at : BLOCK);
		int written =
			EVP_EncodeBlock(block, (const unsigned char *)bytes + at, count);

		shd_text_add(out, (const char *)block, (size_t)written);
	}
}

bool shd_base64_read(const char *text, unsigned char *bytes, size_t size, size_t *ret_len)
{
	size_t len = strlen(text), padding = 0;

	if (!len || len % 4 || len / 4 * 3 > size || strpbrk(text, " \t\r\n"))
		return false;
	while (padding < 2 && text[len - 1 - padding] == '=')
		padding++;
	int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
	if (got < 0)
		return false;
	*ret_len = (size_t)got - padding;
	return true;
}
