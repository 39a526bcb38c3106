// SPDX-License-Identifier: GPL-2.0
/*
 * channel.c - the host's byte streams as character devices /dev/ring3-NAME
 *
 * ring3.channels=NAME:FD,… names inherited stream sockets.  A device behaves like a
 * pipe: reads wait for data and return 0 at the peer's end, writes wait for room and fail
 * with EPIPE and SIGPIPE when the peer has gone, and when the last writer closes, the peer sees
 * the end of the stream.
 */
#define pr_fmt(fmt) "ring3: " fmt

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <irq_kern.h>
#include <irq_user.h>

#include "user.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "ring3."

#define BUF_SIZE	(64 * 1024)

struct channel {
	struct miscdevice misc;
	int fd;
	wait_queue_head_t wait;
	unsigned long events;	/* counts what the host signalled */
	struct mutex lock;	/* of buf and writers */
	unsigned int writers;
	char *buf;
};

static char *channels;
module_param(channels, charp, 0444);
MODULE_PARM_DESC(channels, "NAME:FD of each byte stream");

static irqreturn_t channel_event(int irq, void *data)
{
	struct channel *c = data;

	WRITE_ONCE(c->events, c->events + 1);
	wake_up_interruptible(&c->wait);
	return IRQ_HANDLED;
}

static struct channel *of_file(struct file *file)
{
	return container_of(file->private_data, struct channel, misc);
}

static int channel_open(struct inode *inode, struct file *file)
{
	struct channel *c = of_file(file);

	mutex_lock(&c->lock);
	if (file->f_mode & FMODE_WRITE)
		c->writers++;
	mutex_unlock(&c->lock);
	return stream_open(inode, file);
}

static int channel_release(struct inode *inode, struct file *file)
{
	struct channel *c = of_file(file);

	mutex_lock(&c->lock);
	if (file->f_mode & FMODE_WRITE && --c->writers == 0)
		ring3_stream_finish(c->fd);
	mutex_unlock(&c->lock);
	return 0;
}

static ssize_t try_read(struct channel *c, char __user *buf, size_t len)
{
	ssize_t n;

	mutex_lock(&c->lock);
	n = ring3_stream_read(c->fd, c->buf, min_t(size_t, len, BUF_SIZE));
	if (n > 0 && copy_to_user(buf, c->buf, n))
		n = -EFAULT;
	mutex_unlock(&c->lock);
	return n;
}

static ssize_t try_write(struct channel *c, const char __user *buf, size_t len)
{
	ssize_t n = min_t(size_t, len, BUF_SIZE);

	mutex_lock(&c->lock);
	if (copy_from_user(c->buf, buf, n))
		n = -EFAULT;
	else
		n = ring3_stream_write(c->fd, c->buf, n);
	mutex_unlock(&c->lock);
	return n;
}

static ssize_t channel_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct channel *c = of_file(file);

	if (!len)
		return 0;
	for (;;) {
		unsigned long seen = READ_ONCE(c->events);
		ssize_t n = try_read(c, buf, len);

		if (n != -EAGAIN || file->f_flags & O_NONBLOCK)
			return n;
		if (wait_event_interruptible(c->wait, READ_ONCE(c->events) != seen))
			return -ERESTARTSYS;
	}
}

static ssize_t channel_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct channel *c = of_file(file);
	size_t done = 0;

	while (done < len) {
		unsigned long seen = READ_ONCE(c->events);
		ssize_t n = try_write(c, buf + done, len - done);

		if (n >= 0) {
			done += n;
			continue;
		}
		if (n == -EPIPE && !done)
			send_sig(SIGPIPE, current, 0);
		if (n != -EAGAIN || file->f_flags & O_NONBLOCK)
			return done ? done : n;
		if (wait_event_interruptible(c->wait, READ_ONCE(c->events) != seen))
			return done ? done : -ERESTARTSYS;
	}
	return done;
}

static __poll_t channel_poll(struct file *file, poll_table *wait)
{
	struct channel *c = of_file(file);
	__poll_t mask = 0;
	int now;

	poll_wait(file, &c->wait, wait);
	now = ring3_stream_poll(c->fd);
	if (now & RING3_STREAM_IN)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (now & RING3_STREAM_OUT)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (now & RING3_STREAM_HUP)
		mask |= EPOLLHUP;
	return mask;
}

static const struct file_operations channel_fops = {
	.owner = THIS_MODULE,
	.open = channel_open,
	.release = channel_release,
	.read = channel_read,
	.write = channel_write,
	.poll = channel_poll,
};

static int __init add_channel(char *spec)
{
	char *fd = strchr(spec, ':');
	struct channel *c;
	int err;

	if (!fd)
		return -EINVAL;
	*fd++ = 0;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->buf = kmalloc(BUF_SIZE, GFP_KERNEL);
	c->misc.name = kasprintf(GFP_KERNEL, "ring3-%s", spec);
	if (!c->buf || !c->misc.name) {
		err = -ENOMEM;
		goto err_free;
	}
	err = kstrtoint(fd, 10, &c->fd);
	if (err)
		goto err_free;
	err = ring3_stream_setup(c->fd);
	if (err)
		goto err_free;
	mutex_init(&c->lock);
	init_waitqueue_head(&c->wait);
	c->misc.minor = MISC_DYNAMIC_MINOR;
	c->misc.fops = &channel_fops;
	c->misc.mode = 0600;
	err = um_request_irq(UM_IRQ_ALLOC, c->fd, IRQ_READ, channel_event, 0, c->misc.name, c);
	if (err < 0)
		goto err_free;
	err = um_request_irq(UM_IRQ_ALLOC, c->fd, IRQ_WRITE, channel_event, 0, c->misc.name, c);
	if (err < 0)
		goto err_free;
	return misc_register(&c->misc);	/* a boot that fails here is over anyway */

err_free:
	kfree(c->misc.name);
	kfree(c->buf);
	kfree(c);
	return err;
}

static int __init channels_init(void)
{
	char *list, *pos, *spec;
	int err = 0;

	if (!channels)
		return 0;
	list = pos = kstrdup(channels, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (!err && (spec = strsep(&pos, ","))) {
		err = add_channel(spec);
		if (err)
			pr_err("ring3.channels: '%s': error %d\n", spec, err);
	}
	kfree(list);
	return err;
}
device_initcall(channels_init);
