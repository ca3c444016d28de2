// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_FRONTALIZE_H
#define GST_DRGAN_FRONTALIZE_H

#include <gst/gst.h>
#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS

#define GST_TYPE_DRGAN_FRONTALIZE (gst_drgan_frontalize_get_type())
G_DECLARE_FINAL_TYPE(GstDrganFrontalize, gst_drgan_frontalize, GST, DRGAN_FRONTALIZE, GstVideoFilter)
GST_ELEMENT_REGISTER_DECLARE(drganfrontalize)

G_END_DECLS

#endif
