/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the {{...}} templates: what they print, and how bad ones are refused. */
#include "syscontainer/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

static const char document_text[] = "{\"Id\":\"abc\",\"Name\":\"we\\\"b\",\"RestartCount\":3,"
				    "\"State\":{\"Status\":\"running\",\"Ready\":true,\"Health\":null,\"Pid\":77},"
				    "\"HostConfig\":{\"CgroupParent\":\"/syscontainer\",\"Dns\":[],\"Ulimits\":[1,2]},"
				    "\"Mounts\":[{\"Source\":\"/a\"},{\"Source\":\"/b\",\"Mode\":\"ro\"}]}";

static struct json *load_document(void)
{
	struct json *document = NULL;

	assert_int_equal(json_parse(document_text, strlen(document_text), &document, NULL), 0);
	return document;
}

static int evaluate(const char *source, struct text *out, struct error *err)
{
	autorelease(json_free_scoped) struct json *document = load_document();
	autorelease(template_release) struct template template = {0};
	int r = template_parse(source, &template, err);

	return r < 0 ? r : template_evaluate(&template, document, out, err);
}

static void test_values(void **state)
{
	static const struct {
		const char *source, *expected;
	} rows[] = {
		{"{{.Id}}", "abc\n"},
		{"{{json .Id}}", "\"abc\"\n"},
		{"{{.Name}}", "we\"b\n"},
		{"{{json .Name}}", "\"we\\\"b\"\n"},
		{"{{ .Id }}", "abc\n"},
		{"{{\tjson   .Id\n}}", "\"abc\"\n"},
		{"{{.RestartCount}}", "3\n"},
		{"{{.State.Ready}}", "true\n"},
		{"{{.State.Health}}", "null\n"},
		{"{{json .State.Pid}}", "77\n"},
		{"{{.HostConfig.Dns}}", "[]\n"},
		{"{{json .HostConfig.Ulimits}}", "[1,2]\n"},
		{"{{json .HostConfig.CgroupParent}}", "\"/syscontainer\"\n"},
		{"{{.State}}", "{\"Status\":\"running\",\"Ready\":true,\"Health\":null,\"Pid\":77}\n"},
		/* Several groups: each has a line, and the text between is dropped. */
		{"{{.Id}}{{.RestartCount}}", "abc\n3\n"},
		{"id {{.Id}}, state {{.State.Status}}.", "abc\nrunning\n"},
		/* In an array the first element that has the key answers. */
		{"{{.Mounts.Source}}", "/a\n"},
		{"{{.Mounts.Mode}}", "ro\n"},
		{"{{json .}}", document_text},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text out = {0};
		struct error err = {0};

		if (evaluate(rows[i].source, &out, &err) < 0)
			fail_msg("%s: %s", rows[i].source, err.message);
		if (strncmp(text_get(&out), rows[i].expected, strlen(rows[i].expected)) != 0)
			fail_msg("%s gave %s", rows[i].source, text_get(&out));
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *source, *message;
	} rows[] = {
		{"", "Template parsing error: the format has no {{.FIELD}} or {{json .FIELD}}"},
		{"Id", "Template parsing error: the format has no {{.FIELD}} or {{json .FIELD}}"},
		{"{{.Id", "Template parsing error: unexpected \"{\": \"{{.Id\" has no \"}}\""},
		{"{{", "Template parsing error: unexpected \"{\": \"{{\" has no \"}}\""},
		{"{{.Id}", "Template parsing error: unexpected \"}\" in \"{{.Id}\""},
		{"{{.Id} }", "Template parsing error: unexpected \"}\" in \"{{.Id} }\""},
		{"{{{.Id}}}", "Template parsing error: unexpected \"{\" in \"{{{.Id}}}\""},
		{"{{.A{{.B}}", "Template parsing error: unexpected \"{\" in \"{{.A{{.B}}\""},
		{"{.Id}", "Template parsing error: unexpected \"{\" outside of {{...}}"},
		{"{{.Id}}}", "Template parsing error: unexpected \"}\" outside of {{...}}"},
		{"}}{{.Id}}", "Template parsing error: unexpected \"}\" outside of {{...}}"},
		{"{{}}", "Template parsing error: missing value for command; write {{.FIELD}}"},
		{"{{  }}", "Template parsing error: missing value for command; write {{.FIELD}}"},
		{"{{json}}", "Template parsing error: wrong number of args for json: want 1 got 0"},
		{"{{json .Id .Name}}", "Template parsing error: wrong number of args for json: want 1 got 2"},
		{"{{Id}}", "Template parsing error: \"Id\" is not known; only {{.FIELD}} and {{json .FIELD}} are"},
		{"{{json Id}}", "Template parsing error: \"Id\" is not known; only {{.FIELD}} and {{json .FIELD}} are"},
		{"{{upper .Id}}", "Template parsing error: \"upper\" is not known; only {{.FIELD}} and {{json .FIELD}} are"},
		{"{{.Id .Name}}", "Template parsing error: unexpected \".Name\" behind <.Id>"},
		{"{{..Id}}", "Template parsing error: a name is missing in <..Id>"},
		{"{{.State..Pid}}", "Template parsing error: a name is missing in <.State..Pid>"},
		{"{{.State.}}", "Template parsing error: a name is missing in <.State.>"},
		{"{{.X}}", "Template parsing error: Executing \"\" at <.X>: map has no entry for key \"X\""},
		{"{{json .State.X}}",
		 "Template parsing error: Executing \"\" at <.State.X>: map has no entry for key \"X\""},
		{"{{.Id.X}}", "Template parsing error: Executing \"\" at <.Id.X>: map has no entry for key \"X\""},
		{"{{.State.Health.Status}}",
		 "Template parsing error: Executing \"\" at <.State.Health.Status>: map has no entry for key \"Status\""},
		{"{{.Mounts.X}}", "Template parsing error: Executing \"\" at <.Mounts.X>: map has no entry for key \"X\""},
		{"{{.Id}}{{.X}}", "Template parsing error: Executing \"\" at <.X>: map has no entry for key \"X\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text out = {0};
		struct error err = {0};
		int r = evaluate(rows[i].source, &out, &err);

		if (r >= 0 || r != err.code || out.length > 0)
			fail_msg("%s was taken: %d, %s", rows[i].source, r, text_get(&out));
		assert_string_equal(err.message, rows[i].message);
	}
}

/* As ps uses it. */
static void test_text(void **state)
{
	autorelease(template_release) struct template template = {0};

	(void)state;
	assert_int_equal(template_parse("{\"id\": \"{{.ID}}\"}\\t{{json .Names}}\\n\\x", &template, NULL), 0);
	assert_int_equal(template.count, 2);
	assert_string_equal(template.groups[0].text_before, "{\"id\": \"");
	assert_string_equal(template.groups[0].expression, ".ID");
	assert_false(template.groups[0].is_json);
	assert_int_equal(template.groups[0].path.count, 1);
	assert_string_equal(template.groups[1].text_before, "\"}\t");
	assert_string_equal(template.groups[1].path.items[0], "Names");
	assert_true(template.groups[1].is_json);
	assert_string_equal(template.text_after, "\n\\x");
}

static void test_long_text(void **state)
{
	autorelease(text_release) struct text source = {0}, out = {0};
	struct error err = {0};

	(void)state;
	text_append(&source, "{{.");
	for (int i = 0; i < 100000; i++)
		text_append(&source, "x");
	text_append(&source, "}}");
	assert_int_equal(evaluate(text_get(&source), &out, &err), -ENOKEY);
	assert_true(strlen(err.message) < 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
