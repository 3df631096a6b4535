/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns where a machine id is looked for. */
#include "container/guest_machine_id.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"
#include "kernel/root.h"

static bool read_file(int root_fd, const char *path, char ret_id[MACHINE_ID_LENGTH + 1])
{
	autofree char *data = NULL;
	size_t length;

	return root_read(root_fd, path, MACHINE_ID_MAX_BYTES, &data, &length, NULL) >= 0 &&
	       machine_id_parse(data, length, ret_id);
}

bool guest_machine_id_of_tree(int root_fd, char ret_id[MACHINE_ID_LENGTH + 1])
{
	return read_file(root_fd, "/etc/machine-id", ret_id) || read_file(root_fd, "/var/lib/dbus/machine-id", ret_id);
}

int guest_machine_id(const char *container_id, pid_t init, char ret_id[MACHINE_ID_LENGTH + 1], struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/root", init);
	autoclose int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set_errno(err, "cannot open the guest's root directory");
	if (!guest_machine_id_of_tree(root, ret_id))
		machine_id_of_container(container_id, ret_id);
	return 0;
}
