// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_JSON_H
#define GST_DRGAN_JSON_H

#include <gst/gst.h>

#include <string>

namespace drgan {

/// A message's fields as one JSON object without a newline. Names with underscores for hyphens, which jq and Python
/// take as they are; unknown times are null. Pictures are left out.
std::string toJson(const GstStructure* structure);

}  // namespace drgan

#endif
