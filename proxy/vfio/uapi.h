/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uapi.h - what the kernel's headers may be too old to have
 *
 * iommufd came with Linux 6.2, VFIO's character devices with 6.6; headers of 6.1 have neither.
 */
#ifndef RING3_PROXY_VFIO_UAPI_H
#define RING3_PROXY_VFIO_UAPI_H

#include <linux/vfio.h>

#if __has_include("linux/iommufd.h")
#include <linux/iommufd.h>
#else
#define IOMMUFD_TYPE ';'

/* Each request begins with its own size. */
struct iommu_ioas_alloc {
	__u32 size, flags, out_ioas_id;
};

struct iommu_iova_range {
	__aligned_u64 start, last;
};

struct iommu_ioas_iova_ranges {
	__u32 size, ioas_id, num_iovas, __reserved;
	__aligned_u64 allowed_iovas;	/* points to the ranges */
	__aligned_u64 out_iova_alignment;
};

#define IOMMU_IOAS_MAP_FIXED_IOVA	(1 << 0)
#define IOMMU_IOAS_MAP_WRITEABLE	(1 << 1)
#define IOMMU_IOAS_MAP_READABLE		(1 << 2)

struct iommu_ioas_map {
	__u32 size, flags, ioas_id, __reserved;
	__aligned_u64 user_va, length, iova;
};

struct iommu_ioas_unmap {
	__u32 size, ioas_id;
	__aligned_u64 iova, length;
};

#define IOMMU_IOAS_ALLOC	_IO(IOMMUFD_TYPE, 0x81)
#define IOMMU_IOAS_IOVA_RANGES	_IO(IOMMUFD_TYPE, 0x84)
#define IOMMU_IOAS_MAP		_IO(IOMMUFD_TYPE, 0x85)
#define IOMMU_IOAS_UNMAP	_IO(IOMMUFD_TYPE, 0x86)
#endif

#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	__u32 argsz, flags;
	__s32 iommufd;
	__u32 out_devid;
};

struct vfio_device_attach_iommufd_pt {
	__u32 argsz, flags, pt_id;
};

#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

/* In the answer about a reset of the bus, group_id is then a device's number in the iommufd. */
#ifndef VFIO_PCI_HOT_RESET_FLAG_DEV_ID
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID	(1 << 0)
#define VFIO_PCI_DEVID_OWNED		0
#endif

#endif
