// SPDX-License-Identifier: GPL-2.0
/* bind.c - hand the host's devices to VFIO, and back; see bind.h */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "shim/bind.h"

#define VFIO "vfio-pci"

/* What a device was before. */
struct before {
	char *driver;		/* "": none */
	char *override;		/* "": none */
};

static void before_free(struct before *b)
{
	free(b->driver);
	free(b->override);
}

static char *state_path(const char *bdf)
{
	return host_path("/run/ring3-bind/%s", bdf);
}

static char *line_of(char *text, int n)
{
	char *line = NULL;

	for (int i = 0; text && i <= n; i++)
		line = strsep(&text, "\n");
	/* An empty driver_override reads as this. */
	return xstrdup(line && strcmp(line, "(null)") ? line : "");
}

static char *override_of(const char *bdf)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s/driver_override", bdf);
	_cleanup_free_ char *text = read_text(path);

	return line_of(text, 0);
}

static bool remembered(const char *bdf, struct before *b)
{
	_cleanup_free_ char *path = state_path(bdf);
	_cleanup_free_ char *text = read_text(path), *copy = NULL;

	if (!text)
		return false;
	copy = xstrdup(text);
	*b = (struct before){ .driver = line_of(text, 0), .override = line_of(copy, 1) };
	return true;
}

char *bind_before(const char *bdf)
{
	struct before b;

	if (!remembered(bdf, &b))
		return NULL;
	free(b.override);
	return b.driver;
}

static int remember(const char *bdf, const struct before *b)
{
	_cleanup_free_ char *dir = host_path("/run/ring3-bind"), *path = state_path(bdf);
	FILE *out;
	int err;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail("cannot remember the driver of %s in %s: %s; run as root", bdf, dir,
			    strerror(errno));
	out = fopen(path, "we");
	err = out ? fprintf(out, "%s\n%s\n", b->driver, b->override) < 0 : 1;
	if (out && fclose(out))
		err = 1;
	return err ? fail("cannot remember the driver of %s in %s: %s; run as root", bdf, path,
			  strerror(errno)) : 0;
}

static void forget(const char *bdf)
{
	_cleanup_free_ char *path = state_path(bdf);

	unlink(path);
}

static int set(const char *bdf, const char *text, const char *fmt, const char *arg)
{
	_cleanup_free_ char *path = host_path(fmt, arg);

	if (!host_write(path, text))
		return 0;
	return fail("%s: cannot write %s: %s%s", bdf, path, strerror(errno),
		    errno == EACCES || errno == EPERM ? "; run as root: sudo ring3 ..." : "");
}

static int set_override(const char *bdf, const char *driver)
{
	return set(bdf, *driver ? driver : "\n", "/sys/bus/pci/devices/%s/driver_override", bdf);
}

static char *driver_now(const char *bdf)
{
	struct host_device dev;
	char *driver;

	if (host_get(bdf, &dev))
		return xstrdup("");
	driver = xstrdup(dev.driver ? dev.driver : "");
	host_free(&dev);
	return driver;
}

static bool has_driver(const char *bdf, const char *driver)
{
	_cleanup_free_ char *now = driver_now(bdf);

	return !strcmp(now, driver);
}

static int leave_driver(const char *bdf, const char *driver)
{
	_cleanup_free_ char *at = xasprintf("/sys/bus/pci/drivers/%s/unbind", driver);

	return set(bdf, bdf, "%s", at);
}

/* Offer a device to the drivers there are; @driver, if named, is asked by itself as well. */
static bool offer(const char *bdf, const char *driver)
{
	_cleanup_free_ char *probe = host_path("/sys/bus/pci/drivers_probe");
	_cleanup_free_ char *bind = host_path("/sys/bus/pci/drivers/%s/bind", driver);

	/* Whether it went well shows in which driver it has. */
	host_write(probe, bdf);
	if (*driver && has_driver(bdf, ""))
		host_write(bind, bdf);
	return *driver ? has_driver(bdf, driver) : !has_driver(bdf, "");
}

/* modprobe(8) knows about blacklists and aliases; its own message is for the user. */
static int load_module(const char *name)
{
	_cleanup_free_ char *dir = host_path("/sys/bus/pci/drivers/%s", name);
	int status;
	pid_t pid;

	if (!access(dir, F_OK))
		return 0;
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", name, NULL);
		execl("/sbin/modprobe", "modprobe", name, NULL);
		_exit(RING3_EXIT_NOT_FOUND);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!access(dir, F_OK))
		return 0;
	return fail("the host's kernel has no driver %s: 'modprobe %s' failed; is the module installed?",
		    name, name);
}

/* Whatever went wrong, and whatever works of this: the device shall have a driver again. */
static void roll_back(const char *bdf, const struct before *b)
{
	_cleanup_free_ char *now = driver_now(bdf);

	if (set_override(bdf, b->override))
		warn("%s: driver_override stays '%s'", bdf, VFIO);
	if (*b->driver && strcmp(now, b->driver) && !offer(bdf, b->driver))
		warn("%s: its driver %s does not take it back; see 'dmesg', then try 'echo %s > /sys/bus/pci/drivers/%s/bind'",
		     bdf, b->driver, bdf, b->driver);
}

static int take(const char *bdf, const struct before *b)
{
	int status = set_override(bdf, VFIO);

	if (!status && *b->driver)
		status = leave_driver(bdf, b->driver);
	if (status)
		return status;
	if (!offer(bdf, VFIO))
		return fail("%s: vfio-pci does not take it; see 'dmesg'", bdf);
	return 0;
}

static int may_bind(const struct host_device *dev, bool force)
{
	_cleanup_free_ char *use = host_in_use(dev);

	if (host_is_bridge(dev))
		return fail("%s is a bridge: bind the devices behind it", dev->bdf);
	if (!dev->group)
		return fail("%s has no IOMMU group, so VFIO cannot have it: switch VT-d or AMD-Vi on in the firmware and boot with intel_iommu=on or amd_iommu=on",
			    dev->bdf);
	if (use && !force)
		return fail("%s is in use: %s, or take it away with --force", dev->bdf, use);
	if (use)
		warn("%s is in use: %s", dev->bdf, use);
	return 0;
}

int bind_device(const struct host_device *dev, bool force)
{
	struct before b = { 0 };
	int status;

	if (dev->driver && !strcmp(dev->driver, VFIO))
		return 0;
	status = may_bind(dev, force);
	if (!status)
		status = load_module(VFIO);
	if (status)
		return status;
	b.driver = xstrdup(dev->driver ? dev->driver : "");
	b.override = override_of(dev->bdf);
	status = remember(dev->bdf, &b);
	if (!status) {
		status = take(dev->bdf, &b);
		if (status) {
			roll_back(dev->bdf, &b);
			forget(dev->bdf);
		}
	}
	before_free(&b);
	return status;
}

static int restore(const char *bdf, const struct before *b, bool known)
{
	int status = set_override(bdf, b->override);

	if (!status)
		status = leave_driver(bdf, VFIO);
	if (status)
		return status;
	/* One that had none has none again, if no driver wants it. */
	if (offer(bdf, b->driver) || (known && !*b->driver))
		return 0;
	if (*b->driver && !has_driver(bdf, "")) {
		warn("%s: another driver took it than before, which was %s", bdf, b->driver);
		return 0;
	}
	set_override(bdf, VFIO);
	if (!offer(bdf, VFIO))
		warn("%s: vfio-pci does not take it back either", bdf);
	return fail("%s: %s does not take it, so it stays with vfio-pci; load its module ('modprobe %s') and try again",
		    bdf, *b->driver ? b->driver : "no driver", *b->driver ? b->driver : "NAME");
}

int unbind_device(const struct host_device *dev, bool force)
{
	_cleanup_free_ char *holder = dev->group ? host_holder(dev->group) : NULL;
	struct before b = { 0 };
	bool known;
	int status;

	if (!dev->driver || strcmp(dev->driver, VFIO))
		return fail("%s is not bound to vfio-pci but to %s: there is nothing to undo", dev->bdf,
			    dev->driver ? dev->driver : "no driver");
	if (holder && !force)
		return fail("%s: its IOMMU group is used by process %s; end that, or take the device away from it with --force",
			    dev->bdf, holder);
	known = remembered(dev->bdf, &b);
	if (!known)
		b = (struct before){ .driver = xstrdup(""), .override = xstrdup("") };
	status = restore(dev->bdf, &b, known);
	if (!status)
		forget(dev->bdf);
	before_free(&b);
	return status;
}

static int give(const char *name, uid_t uid, const char *user)
{
	_cleanup_free_ char *path = host_path("%s", name);

	if (chown(path, uid, -1) < 0)
		return fail("cannot give %s to user %s: %s", path, user, strerror(errno));
	return 0;
}

int bind_give(const struct host_device *dev, const char *user)
{
	_cleanup_free_ char *group = xasprintf("/dev/vfio/%s", dev->group);
	_cleanup_free_ char *node = host_vfio_node(dev->bdf);
	const struct passwd *pw = getpwnam(user);
	char *end;
	long number = strtol(user, &end, 10);
	uid_t uid = pw ? pw->pw_uid : (uid_t)number;
	int status;

	if (!pw && (!isdigit((unsigned char)*user) || *end))
		return fail("there is no user '%s'", user);
	status = give(group, uid, user);
	return status || !node ? status : give(node, uid, user);
}
