/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device_private.h"
#include "io.h"
#include "mem.h"

#define SYS_SECTOR 512 /* what /sys counts sizes in, whatever the device has */

/* Names of what is no disk; a digit follows. */
static const struct {
	const char *prefix, *layer;
} layers[] = {
	{"loop", "a loop device"},
	{"dm-", "a device of the device mapper"},
	{"md", "a RAID"},
	{"ram", "a disk in memory"},
	{"zram", "a disk in memory"},
	{"nbd", "a disk of the network"},
	{"sr", "an optical drive"},
	{"fd", "a floppy drive"},
};

/* Parts of a device's place in /sys/devices. */
static const struct {
	const char *part, *bus;
} buses[] = {
	{"/usb", "usb"}, {"/mmc_host/", "mmc"}, {"/nvme/", "nvme"},
	{"/ata", "ata"}, {"/virtio", "virtio"},
};

void device_use_add(struct device *d, enum device_use_kind kind, const char *name,
		    const char *where, dev_t mount)
{
	d->uses = xrealloc(d->uses, d->n_uses + 1, sizeof(*d->uses));
	d->uses[d->n_uses++] = (struct device_use){
		.kind = kind, .name = xstrdup(name), .where = xstrdup(where), .mount = mount};
}

void device_done(struct device *d)
{
	for (size_t i = 0; i < d->n_uses; i++) {
		free(d->uses[i].name);
		free(d->uses[i].where);
	}
	for (size_t i = 0; i < d->n_parts; i++)
		free(d->parts[i].name);
	free(d->uses);
	free(d->parts);
	free(d->name);
	free(d->path);
	free(d->model);
	free(d->serial);
	free(d->whole);
	strv_done(&d->names);
	*d = (struct device){0};
}

void device_list_free(struct device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		device_done(&list[i]);
	free(list);
}

char *device_attr(const char *dir, const char *file)
{
	auto_err ignored = ERR_INIT;
	auto_str text = STR_INIT;
	autofree char *path = path_join(dir, file);
	if (io_read_file(path, 4096, &text, &ignored) < 0)
		return NULL;
	const char *begin = str_text(&text) + strspn(str_text(&text), " \t");
	size_t len = strlen(begin);
	while (len && strchr(" \t\n", begin[len - 1]))
		len--;
	return len ? xstrndup(begin, len) : NULL;
}

static uint64_t number_attr(const char *dir, const char *file)
{
	long long value = 0;
	autofree char *text = device_attr(dir, file);
	if (!text || !parse_number(text, 0, LLONG_MAX, &value))
		return 0;
	return (uint64_t)value;
}

static dev_t device_number(const char *dir)
{
	unsigned maj, min;
	autofree char *text = device_attr(dir, "dev");
	if (!text || sscanf(text, "%u:%u", &maj, &min) != 2)
		return 0;
	return makedev(maj, min);
}

/* /dev has a slash where /sys has '!'. */
char *device_node(const char *name)
{
	char *path = xasprintf("/dev/%s", name);
	for (char *c = path; *c; c++)
		*c = *c == '!' ? '/' : *c;
	return path;
}

static const char *find_layer(const char *name)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++) {
		size_t len = strlen(layers[i].prefix);
		if (str_starts(name, layers[i].prefix) && strspn(name + len, "0123456789"))
			return layers[i].layer;
	}
	/* mmcblk0boot0, mmcblk0rpmb: disks of their own to the kernel. */
	if (str_starts(name, "mmcblk") && strpbrk(name + strlen("mmcblk"), "br"))
		return "a boot area of an eMMC";
	return NULL;
}

static const char *find_bus(const char *place)
{
	for (size_t i = 0; i < sizeof(buses) / sizeof(*buses); i++) {
		if (strstr(place, buses[i].part))
			return buses[i].bus;
	}
	return "";
}

/* "Generic STORAGE DEVICE" of SCSI's vendor and model; an SD card has a name instead. */
static char *find_model(const char *device)
{
	autofree char *vendor = device_attr(device, "vendor");
	autofree char *model = device_attr(device, "model");
	if (!model)
		return device_attr(device, "name");
	/* PCI has numbers there, and a disk on ATA says ATA. */
	if (!vendor || str_starts(vendor, "0x") || strcmp(vendor, "ATA") == 0)
		return steal(&model);
	return xasprintf("%s %s", vendor, model);
}

/* Of the device itself, else of what it hangs on: a stick's serial number is that of its USB. */
static char *find_serial(const char *place)
{
	autofree char *dir = xstrdup(place);
	while (strstr(dir, "/devices/")) {
		char *serial = device_attr(dir, "serial");
		if (serial)
			return serial;
		char *up = path_dir(dir);
		free(dir);
		dir = up;
	}
	return NULL;
}

/* An SD card in a reader of its own (not on USB) does not call itself removable; an eMMC is none.
 */
static bool is_external(const struct device *d, const char *dir, const char *device)
{
	autofree char *type = device_attr(device, "type");
	if (strcmp(d->bus, "mmc") == 0)
		return type && strcmp(type, "SD") == 0;
	return number_attr(dir, "removable") == 1 || strcmp(d->bus, "usb") == 0;
}

static void read_disk(struct device *d, const char *dir)
{
	autofree char *device = path_join(dir, "device");
	autofree char *place = realpath(device, NULL);
	d->bus = find_bus(place ? place : "");
	d->model = find_model(device);
	d->serial = place ? find_serial(place) : NULL;
	d->external = !d->layer && is_external(d, dir, device);
}

/* Calls found for each name in a directory, sorted; one that is not there has none. */
int device_each(const char *dir, int (*found)(void *ctx, const char *name, struct err *e),
		void *ctx, struct err *e)
{
	auto_strv names = {0};
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, ERR_FAILED, "%s: cannot list", dir);
	for (struct dirent *x; (x = readdir(d));) {
		if (*x->d_name != '.')
			strv_add(&names, x->d_name);
	}
	closedir(d);
	strv_sort(&names);
	strv_foreach (name, &names) {
		if (found(ctx, *name, e) < 0)
			return -1;
	}
	return 0;
}

struct parts {
	struct device *device;
	const char *dir;
};

static int add_part(void *ctx, const char *name, struct err *e)
{
	(void)e;
	struct parts *p = ctx;
	struct device *d = p->device;
	autofree char *dir = path_join(p->dir, name);
	autofree char *number = device_attr(dir, "partition");
	if (!number)
		return 0;
	d->parts = xrealloc(d->parts, d->n_parts + 1, sizeof(*d->parts));
	d->parts[d->n_parts++] = (struct device_part){xstrdup(name), device_number(dir),
						      number_attr(dir, "size") * SYS_SECTOR};
	strv_add(&d->names, name);
	return 0;
}

static char *class_dir(const struct device_host *h, const char *name)
{
	return xasprintf("%s/sys/class/block/%s", h->root, name);
}

/* The directory of a partition lies in that of its disk. */
static char *find_whole(const char *dir)
{
	autofree char *number = device_attr(dir, "partition");
	autofree char *place = number ? realpath(dir, NULL) : NULL;
	autofree char *above = place ? path_dir(place) : NULL;
	return above ? xstrdup(path_base(above)) : NULL;
}

int device_read(const struct device_host *h, const char *name, struct device *ret, struct err *e)
{
	auto_device d = {0};
	autofree char *dir = class_dir(h, name);
	struct stat st;
	if (stat(dir, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: the kernel does not describe it in '%s'", name,
				 dir);
	d.name = xstrdup(name);
	d.path = device_node(name);
	d.number = device_number(dir);
	d.layer = find_layer(name);
	d.size = number_attr(dir, "size") * SYS_SECTOR;
	d.sector = (unsigned)number_attr(dir, "queue/logical_block_size");
	d.read_only = number_attr(dir, "ro") == 1;
	d.whole = find_whole(dir);
	strv_add(&d.names, name);
	read_disk(&d, dir);
	struct parts p = {&d, dir};
	if (device_each(dir, add_part, &p, e) < 0 || device_find_uses(h, &d, e) < 0)
		return -1;
	*ret = d;
	d = (struct device){0};
	return 0;
}

char *device_name(const struct device_host *h, dev_t number)
{
	char target[PATH_MAX];
	autofree char *link = xasprintf("%s/sys/dev/block/%u:%u", h->root, major(number),
					minor(number));
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(path_base(target));
}

struct list {
	const struct device_host *host;
	struct device *devices;
	size_t n;
};

static int add_device(void *ctx, const char *name, struct err *e)
{
	struct list *l = ctx;
	if (find_layer(name))
		return 0;
	l->devices = xrealloc(l->devices, l->n + 1, sizeof(*l->devices));
	if (device_read(l->host, name, &l->devices[l->n], e) < 0)
		return -1;
	l->n++;
	return 0;
}

int device_list(const struct device_host *h, struct device **ret, size_t *ret_n, struct err *e)
{
	struct list l = {.host = h};
	autofree char *dir = xasprintf("%s/sys/block", h->root);
	if (device_each(dir, add_device, &l, e) < 0) {
		device_list_free(l.devices, l.n);
		return -1;
	}
	*ret = l.devices;
	*ret_n = l.n;
	return 0;
}
