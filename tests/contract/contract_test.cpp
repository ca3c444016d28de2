// SPDX-License-Identifier: Apache-2.0
//
// The same picture gives the same numbers in LibTorch, cv::drgan and the element.

#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>

#include "bundle_from_torch.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan_test::TempDir;

double relativeDistance(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b) / cv::norm(b); }

class Contract : public testing::TestWithParam<LiveBundle::Kind> {
protected:
    Contract() : bundle_(GetParam(), folder_.path() + "/bundle") {}
    std::string folder() const { return folder_.path() + "/bundle"; }

    TempDir folder_;
    LiveBundle bundle_;
};

TEST_P(Contract, EncoderEqualsLibTorch) {
    auto encoder = cv::drgan::Encoder::create(folder() + "/encoder.onnx");
    for (int n : {1, 5, 1}) {
        std::vector<cv::Mat> faces;
        for (int i = 0; i < n; ++i) {
            faces.push_back(drgan_test::noisePicture({LiveBundle::imageSize, LiveBundle::imageSize}, CV_8UC3,
                                                     static_cast<unsigned>(i + 1)));
        }
        const auto [embedding, confidence] = bundle_.encode(faces);
        cv::Mat embeddings, confidences;
        encoder->features(faces, embeddings, confidences);
        EXPECT_LT(relativeDistance(embeddings, embedding), 1e-4) << "batch of " << n;
        EXPECT_LT(relativeDistance(confidences, confidence), 1e-4) << "batch of " << n;
    }
}

TEST_P(Contract, DecoderEqualsLibTorch) {
    auto decoder = cv::drgan::Decoder::create(folder() + "/decoder.onnx");
    cv::Mat embedding(1, LiveBundle::embeddingSize, CV_32F), face;
    cv::RNG(3).fill(embedding, cv::RNG::NORMAL, 0, 1);
    const std::vector<float> poses = decoder->poses();
    ASSERT_EQ(poses, (std::vector<float>{-90, -45, 0, 45, 90}));
    for (size_t pose = 0; pose < poses.size(); ++pose) {
        decoder->rotate(embedding, poses[pose], face);
        // One grey level, because values that differ in the last float digits may round differently.
        EXPECT_LE(cv::norm(face, bundle_.decode(embedding, static_cast<int>(pose)), cv::NORM_INF), 1) << poses[pose];
    }
}

/// Pushes one frame with one region through the element. @return the embedding in its message
cv::Mat throughElement(const std::string& bundle, const cv::Mat& bgr, const cv::Rect& box) {
    const std::string description =
        "appsrc name=in caps=video/x-raw,format=BGR,framerate=25/1,width=" + std::to_string(bgr.cols) +
        ",height=" + std::to_string(bgr.rows) +
        " format=time ! drganfrontalize detect-interval=0 embeddings=true display=false bundle=\"" + bundle + "\" ! fakesink sync=false";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
    EXPECT_EQ(error, nullptr) << error->message;
    GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);

    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGR, static_cast<guint>(bgr.cols), static_cast<guint>(bgr.rows));
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
    for (int y = 0; y < bgr.rows; ++y) {
        gst_buffer_fill(buffer, info.offset[0] + static_cast<gsize>(y * info.stride[0]), bgr.ptr(y), bgr.cols * 3UL);
    }
    GST_BUFFER_PTS(buffer) = 0;
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", static_cast<guint>(box.x), static_cast<guint>(box.y),
                                                 static_cast<guint>(box.width), static_cast<guint>(box.height));
    GstFlowReturn flow = GST_FLOW_OK;
    g_signal_emit_by_name(source, "push-buffer", buffer, &flow);
    gst_buffer_unref(buffer);
    g_signal_emit_by_name(source, "end-of-stream", &flow);

    cv::Mat embedding;
    GstBus* bus = gst_element_get_bus(pipeline);
    const auto kinds = static_cast<GstMessageType>(GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    while (GstMessage* message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, kinds)) {
        const GstStructure* s = gst_message_get_structure(message);
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            gst_message_parse_error(message, &error, nullptr);
            ADD_FAILURE() << error->message;
            g_clear_error(&error);
        } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && gst_structure_has_field(s, "embedding")) {
            const GValue* values = gst_structure_get_value(s, "embedding");
            embedding.create(1, static_cast<int>(gst_value_array_get_size(values)), CV_32F);
            for (int i = 0; i < embedding.cols; ++i) {
                embedding.at<float>(i) = g_value_get_float(gst_value_array_get_value(values, static_cast<guint>(i)));
            }
        }
        const bool last = GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT;
        gst_message_unref(message);
        if (last) {
            break;
        }
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(source);
    gst_object_unref(pipeline);
    return embedding;
}

TEST_P(Contract, ElementEqualsModule) {
    cv::Mat frame = drgan_test::noisePicture({161, 121}, CV_8UC3, 9);  // odd, so rows get padded
    cv::GaussianBlur(frame, frame, {}, 3);
    const cv::Rect box(40, 20, 64, 70);
    auto encoder = cv::drgan::Encoder::create(folder() + "/encoder.onnx");
    cv::Mat aligned, expected;
    float confidence = 0;
    encoder->alignCrop(frame, cv::Mat(cv::Matx14f(box.x, box.y, box.width, box.height)), aligned);
    encoder->feature(aligned, expected, confidence);

    const cv::Mat embedding = throughElement(folder(), frame, box);
    ASSERT_EQ(embedding.size(), expected.size());
    EXPECT_LT(relativeDistance(embedding, expected), 1e-6);
    EXPECT_LT(relativeDistance(embedding, bundle_.encode({aligned}).first), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Encoders, Contract, testing::Values(LiveBundle::Kind::Casia, LiveBundle::Kind::Imported),
                         [](const auto& info) { return info.param == LiveBundle::Kind::Casia ? "casia" : "imported"; });

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    gst_init(&argc, &argv);
    return RUN_ALL_TESTS();
}
