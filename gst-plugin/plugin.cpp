// SPDX-License-Identifier: Apache-2.0
#include "gstdrganfrontalize.h"

static gboolean plugin_init(GstPlugin* plugin) { return GST_ELEMENT_REGISTER(drganfrontalize, plugin); }

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, drgan,
                  "Pose-invariant face embeddings and face frontalization (DR-GAN)", plugin_init, DRGAN_VERSION,
                  "Apache-2.0", "drgan", "https://arxiv.org/abs/1705.11136")
