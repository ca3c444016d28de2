// SPDX-License-Identifier: Apache-2.0
//
// Prints the id of a bundle and the side of its aligned faces: headers, library and OpenCV are found and fit together.
#include <iostream>
#include <opencv2/drgan.hpp>

int main(int argc, char** argv) try {
    const cv::drgan::Bundle bundle = cv::drgan::Bundle::load(argc > 1 ? argv[1] : "");
    std::cout << bundle.id << ' ' << cv::drgan::Encoder::create(bundle.encoder)->alignment().size << '\n';
} catch (const cv::Exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
