/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base64.h"
#include "mem.h"
#include "sshkey.h"

/* Made by ssh-keygen: -I "node worker003" -n root -z 2 -V always:forever. */
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIA5qO9wNj9kHahMGtEZ7YEhPC0Ze+m08BRGs6lNWtXpJ"
#define CERT                                                                                       \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIOSupgMWgF8ySurMwkSlEZKO++"           \
	"PwlF4q9fEW8tY7gMyvAAAAIA5qO9wNj9kHahMGtEZ7YEhPC0Ze+"                                      \
	"m08BRGs6lNWtXpJAAAAAAAAAAIAAAABAAAADm5vZGUgd29ya2VyMDAzAAAACAAAAARyb290AAAAAAAAAAD////"   \
	"//////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcm"  \
	"RpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC" \
	"11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIBEDP2FKYj+"                            \
	"aqLE8kvVUyz0D4iuPN391PREtzx4iWvGtAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBW9jZxfvCP2ZTy6diPkskG+"   \
	"jOjyr5ofhVcfO0sZILMryUS01MgQUIyDmXjJysNFpWQozW1f3hwroD7xOzQcpcK"

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *text;
} vectors[] = {{"", ""},
	       {"f", "Zg=="},
	       {"fo", "Zm8="},
	       {"foo", "Zm9v"},
	       {"foob", "Zm9vYg=="},
	       {"fooba", "Zm9vYmE="},
	       {"foobar", "Zm9vYmFy"}};

static void base64_has_the_vectors_of_its_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		auto_str text = STR_INIT, bytes = STR_INIT;
		base64_encode(&text, vectors[i].bytes, strlen(vectors[i].bytes));
		assert_string_equal(str_text(&text), vectors[i].text);
		assert_true(base64_decode(&bytes, vectors[i].text, strlen(vectors[i].text)));
		assert_string_equal(str_text(&bytes), vectors[i].bytes);
	}
}

static void other_spellings_of_base64_are_refused(void **state)
{
	static const char *const wrong[] = {
		"Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Zm 9v", "Zm9v\n", "Zm-_"};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_str bytes = STR_INIT;
		assert_false(base64_decode(&bytes, wrong[i], strlen(wrong[i])));
		assert_int_equal(bytes.len, 0);
	}
}

static void a_public_key_is_its_type_and_its_bytes_alone(void **state)
{
	static const char *const wrong[] = {
		"",
		"ssh-ed25519",
		"ssh-ed25519 ",
		"ssh-ed25519  " KEY,
		"ssh-ed25519 " KEY " me@here",
		"ssh-ed25519 " KEY "\n",
		"ssh-rsa " KEY,
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA5qO9wNj9kHahMGtEZ7YEhPC0Ze",
		"ssh-ed25519 " KEY "AAAA",
		"@cert-authority * ssh-ed25519 " KEY,
	};
	(void)state;
	assert_true(sshkey_is_ed25519("ssh-ed25519 " KEY));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(sshkey_is_ed25519(wrong[i]));
}

static void a_certificate_names_its_key_and_what_was_signed(void **state)
{
	auto_str bytes = STR_INIT;
	struct sshcert c;
	(void)state;
	assert_true(sshkey_decode(SSHKEY_ED25519_CERT " " CERT, &bytes));
	assert_true(sshcert_parse(blob_of(&bytes), &c));
	autofree char *public = sshcert_public(&c);
	assert_string_equal(public, "ssh-ed25519 " KEY);
	assert_true(blob_is_text(c.id, "node worker003"));
	assert_int_equal(blob_number(c.serial), 2);
	assert_int_equal(blob_number(c.kind), SSHCERT_USER);
	assert_int_equal(blob_number(c.before), UINT64_MAX);
}

static void a_certificate_that_was_cut_is_none(void **state)
{
	auto_str bytes = STR_INIT;
	struct sshcert c;
	(void)state;
	assert_true(sshkey_decode(SSHKEY_ED25519_CERT " " CERT, &bytes));
	for (size_t n = 0; n < bytes.len; n++) {
		autofree char *part = xmemdup(bytes.data, n);
		assert_false(sshcert_parse((struct blob){(uint8_t *)part, n}, &c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_has_the_vectors_of_its_rfc),
		cmocka_unit_test(other_spellings_of_base64_are_refused),
		cmocka_unit_test(a_public_key_is_its_type_and_its_bytes_alone),
		cmocka_unit_test(a_certificate_names_its_key_and_what_was_signed),
		cmocka_unit_test(a_certificate_that_was_cut_is_none),
	};
	return cmocka_run_group_tests_name("sshkey", tests, NULL, NULL);
}
