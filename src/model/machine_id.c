/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what a machine id looks like. */
#include "model/machine_id.h"

#include <ctype.h>
#include <string.h>

bool machine_id_parse(const char *data, size_t length, char ret_id[MACHINE_ID_LENGTH + 1])
{
	bool is_zero = true;

	if (length == MACHINE_ID_LENGTH + 1 && data[MACHINE_ID_LENGTH] == '\n')
		length--;
	if (length != MACHINE_ID_LENGTH)
		return false;
	for (size_t i = 0; i < MACHINE_ID_LENGTH; i++) {
		if (!isxdigit((unsigned char)data[i]))
			return false;
		ret_id[i] = (char)tolower((unsigned char)data[i]);
		is_zero &= ret_id[i] == '0';
	}
	ret_id[MACHINE_ID_LENGTH] = '\0';
	return !is_zero;
}

void machine_id_of_container(const char *container_id, char ret_id[MACHINE_ID_LENGTH + 1])
{
	memcpy(ret_id, container_id, MACHINE_ID_LENGTH);
	ret_id[MACHINE_ID_LENGTH] = '\0';
}
