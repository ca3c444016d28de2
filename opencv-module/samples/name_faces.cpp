// SPDX-License-Identifier: Apache-2.0
//
// Names the faces in a video. The gallery is built from a folder of pictures: one for each person, with the person's
// name as its file name.
//
//     drgan-name-faces PICTURES VIDEO [--output=named.avi] [--bundle=DIR]
//
// VIDEO is a file, a picture, or a camera's number. Without --output a window shows the frames until a key is pressed.
// Each frame is processed by itself; the GStreamer element drganfrontalize follows faces and fuses their embeddings.
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/filesystem.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/highgui.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Models {
    cv::drgan::Bundle bundle;
    cv::Ptr<cv::drgan::FaceFinder> finder;
    cv::Ptr<cv::drgan::Encoder> encoder;
};

cv::Ptr<cv::drgan::Gallery> enroll(Models& models, const std::string& folder) {
    //! [enroll]
    auto gallery = cv::drgan::Gallery::create(models.encoder);
    std::vector<cv::String> paths;
    cv::utils::fs::glob_relative(folder, "*", paths);
    for (const cv::String& file : paths) {
        const cv::Mat picture = cv::imread(cv::utils::fs::join(folder, file));
        cv::Mat face, aligned, embedding;
        float confidence = 0;
        if (picture.empty() || !models.finder->findMain(picture, face)) {
            std::fprintf(stderr, "%s: left out, because it is not a picture with a face\n", file.c_str());
            continue;
        }
        models.encoder->alignCrop(picture, face, aligned);
        models.encoder->feature(aligned, embedding, confidence);
        gallery->add(file.substr(0, file.rfind('.')), embedding, confidence);  // fused, if the name exists already
    }
    //! [enroll]
    if (gallery->size() == 0) throw std::runtime_error(folder + ": contains no picture with a face");
    return gallery;
}

/// The faces of a picture and their names, the highest score first.
struct Named {
    cv::Mat faces;  // n x 15, rows of FaceFinder
    std::vector<std::string> labels;
};

Named nameFaces(Models& models, const cv::drgan::Gallery& gallery, const cv::Mat& frame) {
    Named named;
    //! [search]
    models.finder->find(frame, named.faces);
    std::vector<cv::Mat> aligned(static_cast<size_t>(named.faces.rows));
    for (int i = 0; i < named.faces.rows; ++i) {
        models.encoder->alignCrop(frame, named.faces.row(i), aligned[static_cast<size_t>(i)]);
    }
    if (aligned.empty()) return named;
    cv::Mat embeddings, confidences;
    models.encoder->features(aligned, embeddings, confidences);  // one pass for all faces
    const cv::drgan::NamingRule rule = models.bundle.naming();   // one stranger in a hundred gets a name
    for (int i = 0; i < named.faces.rows; ++i) {
        const auto found = gallery.identify(embeddings.row(i), rule);
        named.labels.push_back((found.name.empty() ? "unknown" : found.name) + cv::format(" %.2f", found.similarity));
    }
    //! [search]
    return named;
}

void draw(cv::Mat& frame, const Named& named) {
    const double scale = std::max(0.4, frame.cols / 1200.0);
    const int thickness = std::max(1, cvRound(2 * scale));
    for (int i = 0; i < named.faces.rows; ++i) {
        const float* const f = named.faces.ptr<float>(i);
        const cv::Rect box(cvRound(f[0]), cvRound(f[1]), cvRound(f[2]), cvRound(f[3]));
        const std::string& label = named.labels[static_cast<size_t>(i)];
        const cv::Scalar colour = label.rfind("unknown ", 0) == 0 ? cv::Scalar(160, 160, 160) : cv::Scalar(80, 220, 80);
        cv::rectangle(frame, box, colour, thickness, cv::LINE_AA);
        const cv::Point at(std::max(0, box.x), std::max(cvRound(24 * scale), box.y - cvRound(6 * scale)));
        cv::putText(frame, label, at, cv::FONT_HERSHEY_SIMPLEX, scale, cv::Scalar(), thickness + 2, cv::LINE_AA);
        cv::putText(frame, label, at, cv::FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv::LINE_AA);
    }
}

bool isNumber(const std::string& text) {
    return !text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

int main(int argc, char** argv) try {
    const cv::CommandLineParser options(
        argc, argv,
        "{help h    | | print this }"
        "{@pictures | | folder with one picture per person, named after the person }"
        "{@video    | | a video, a picture, or a camera's number }"
        "{output    | | video to write; default: show the frames in a window }"
        "{bundle    | | folder of the models; else DRGAN_BUNDLE, else the installed one }");
    if (options.has("help") || !options.has("@pictures") || !options.has("@video")) {
        options.printMessage();
        return options.has("help") ? 0 : 2;
    }
    Models models;
    models.bundle = cv::drgan::Bundle::load(options.get<std::string>("bundle"));
    models.finder = cv::drgan::FaceFinder::create("", models.bundle.folder);
    models.encoder = cv::drgan::Encoder::create(models.bundle.encoder);
    const auto gallery = enroll(models, options.get<std::string>("@pictures"));
    std::printf("%d people\n", gallery->size());

    const std::string source = options.get<std::string>("@video"), output = options.get<std::string>("output");
    cv::VideoCapture video;
    if (!(isNumber(source) ? video.open(std::stoi(source)) : video.open(source))) {
        throw std::runtime_error(source + ": is neither a video nor a camera that OpenCV can read");
    }
    cv::VideoWriter writer;
    cv::Mat frame;
    for (int number = 0; video.read(frame); ++number) {
        const Named named = nameFaces(models, *gallery, frame);
        for (const std::string& label : named.labels) std::printf("frame %d: %s\n", number, label.c_str());
        draw(frame, named);
        if (output.empty()) {
            cv::imshow("drgan-name-faces", frame);
            if (cv::waitKey(1) >= 0) break;
            continue;
        }
        const double rate = video.get(cv::CAP_PROP_FPS);
        if (number == 0) {
            writer.open(output, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), rate > 0 ? rate : 25, frame.size());
        }
        if (!writer.isOpened()) throw std::runtime_error(output + ": cannot be written");
        writer.write(frame);
    }
    return 0;
} catch (const cv::Exception& error) {
    std::fprintf(stderr, "drgan-name-faces: %s\n", error.err.c_str());
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "drgan-name-faces: %s\n", error.what());
    return 1;
}
