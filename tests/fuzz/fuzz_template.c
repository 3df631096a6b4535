/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a template: it is refused with a message, or it names fields that a document has or has not. */
#include "syscontainer/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document_text[] =
	"{\"A\":\"text\",\"B\":{\"A\":[1,2],\"C\":null},\"C\":[{\"A\":true},{\"B\":{\"C\":\"x\"}}],\"\":{},\"n\":0.5}";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_groups(const struct template *template)
{
	require(template->text_after != NULL);
	for (size_t i = 0; i < template->count; i++) {
		const struct template_group *group = &template->groups[i];

		require(group->text_before && !strstr(group->text_before, "{{"));
		require(group->expression[0] == '.' && !strpbrk(group->expression, "{} \t\n"));
		for (size_t k = 0; k < group->path.count; k++)
			require(group->path.items[k][0] && !strchr(group->path.items[k], '.'));
	}
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

static void check_values(const struct template *template)
{
	autorelease(json_free_scoped) struct json *document = NULL;
	autorelease(text_release) struct text out = {0};
	struct error err = {0};

	require(json_parse(document_text, strlen(document_text), &document, NULL) >= 0);
	if (template_evaluate(template, document, &out, &err) < 0)
		require(err.code < 0 && err.message[0] && out.length == 0);
	else
		require(count_lines(text_get(&out)) == template->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorelease(template_release) struct template template = {0};
	autofree char *source = xstrndup((const char *)data, size);
	struct error err = {0};

	if (template_parse(source, &template, &err) < 0) {
		require(err.code < 0 && err.message[0] && template.count == 0 && !template.text_after);
		return 0;
	}
	check_groups(&template);
	check_values(&template);
	return 0;
}
