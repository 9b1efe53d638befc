/* lib/base/crypto, lib/base/hash: against the published vectors. */
#include "support/check.h"

#include "base/crypto.h"
#include "base/hash.h"

#include <string.h>

static void sha256_is_that_of_the_standard(void **state)
{
	static const char want[] =
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
	const struct shd_bytes whole = {
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56};
	const struct shd_bytes parts[] = {{whole.at, 1}, {(const char *)whole.at + 1, 0},
		{(const char *)whole.at + 1, 55}};
	unsigned char digest[SHD_SHA256_BYTES];
	char hex[2 * SHD_SHA256_BYTES + 1];

	(void)state;
	shd_sha256(&whole, 1, digest);
	shd_hex(digest, sizeof(digest), hex);
	assert_string_equal(hex, want);
	shd_sha256(parts, SHD_COUNT(parts), digest);
	shd_hex(digest, sizeof(digest), hex);
	assert_string_equal(hex, want);
}

/* RFC 4231, cases 2 and 6: a key shorter, and one longer, than a block. */
static void hmac_is_that_of_the_standard(void **state)
{
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	unsigned char mac[SHD_SHA256_BYTES], key[131];
	char hex[2 * SHD_SHA256_BYTES + 1];

	(void)state;
	shd_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	shd_hex(mac, sizeof(mac), hex);
	assert_string_equal(
		hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xAA, sizeof(key));
	shd_hmac_sha256(key, sizeof(key), text, sizeof(text) - 1, mac);
	shd_hex(mac, sizeof(mac), hex);
	assert_string_equal(
		hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void secrets_are_wiped(void **state)
{
	char a[] = "hush";
	static const char zeros[sizeof(a)];

	(void)state;
	shd_wipe(a, sizeof(a));
	assert_memory_equal(a, zeros, sizeof(a));
}

static void a_running_hash_is_that_of_the_whole(void **state)
{
	enum { BYTES = 1000 };
	unsigned char bytes[BYTES];
	struct shd_running_hash *hash = shd_running_hash_create();

	(void)state;
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t step = 1; step < BYTES; step = step * 3 + 1) {
		shd_running_hash_reset(hash);
		for (size_t at = 0; at < BYTES; at += step)
			shd_running_hash_add(
				hash, bytes + at, step < BYTES - at ? step : BYTES - at);
		assert_true(shd_running_hash_value(hash) == shd_hash(bytes, BYTES));
	}
	assert_false(shd_hash(bytes, BYTES) == shd_hash(bytes, BYTES - 1));
	assert_false(shd_hash_after(1, bytes, BYTES) == shd_hash_after(2, bytes, BYTES));
	shd_running_hash_destroy(hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_that_of_the_standard),
		cmocka_unit_test(hmac_is_that_of_the_standard),
		cmocka_unit_test(secrets_are_wiped),
		cmocka_unit_test(a_running_hash_is_that_of_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
