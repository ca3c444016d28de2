// SPDX-License-Identifier: Apache-2.0
#include "gstjson.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace drgan {
namespace {

using Json = nlohmann::ordered_json;

// Discarded: of a type that a message's numbers, texts and embeddings do not have.
Json valueOf(const GValue* value) {
    if (G_VALUE_HOLDS_UINT64(value)) {  // the times
        const guint64 time = g_value_get_uint64(value);
        return GST_CLOCK_TIME_IS_VALID(time) ? Json(time) : Json();
    }
    if (G_VALUE_HOLDS_UINT(value)) {
        return g_value_get_uint(value);
    }
    if (G_VALUE_HOLDS_DOUBLE(value)) {
        return g_value_get_double(value);
    }
    if (G_VALUE_HOLDS_FLOAT(value)) {
        return g_value_get_float(value);
    }
    if (G_VALUE_HOLDS_STRING(value)) {
        const gchar* text = g_value_get_string(value);
        return text != nullptr ? Json(text) : Json();
    }
    if (GST_VALUE_HOLDS_ARRAY(value)) {
        Json array = Json::array();
        for (guint i = 0; i < gst_value_array_get_size(value); ++i) {
            array.push_back(valueOf(gst_value_array_get_value(value, i)));
        }
        return array;
    }
    return Json(Json::value_t::discarded);
}

}  // namespace

std::string toJson(const GstStructure* structure) {
    Json out = Json::object();
    for (gint i = 0; i < gst_structure_n_fields(structure); ++i) {
        const gchar* field = gst_structure_nth_field_name(structure, static_cast<guint>(i));
        Json value = valueOf(gst_structure_get_value(structure, field));
        if (!value.is_discarded()) {
            std::string name = field;
            std::replace(name.begin(), name.end(), '-', '_');
            out[name] = std::move(value);
        }
    }
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace drgan
