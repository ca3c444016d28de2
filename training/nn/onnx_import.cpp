// SPDX-License-Identifier: Apache-2.0
#include "nn/onnx_import.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "nn/onnx_values.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

class Importer {
public:
    Importer(std::string path, const InputConvention& convention) : path_(std::move(path)), convention_(convention) {
        std::ifstream file(path_, std::ios::binary);
        if (!file) {
            throw std::runtime_error(path_ + ": cannot be opened");
        }
        if (!model_.ParseFromIstream(&file)) {
            throw std::runtime_error(path_ + ": not an ONNX file, or cut short");
        }
        if (convention_.order != "RGB" && convention_.order != "BGR") {
            throw std::runtime_error("channel order '" + convention_.order + "': expected RGB or BGR");
        }
    }

    Graph run() {
        const auto& source = model_.graph();
        for (const auto& tensor : source.initializer()) {
            constants_[tensor.name()] = &tensor;
        }
        for (const auto& item : source.input()) {
            if (constants_.count(item.name()) == 0) {
                addInput(item);
            }
        }
        if (edges_.empty()) {
            throw std::runtime_error(path_ + ": the graph has no input");
        }
        for (const auto& node : source.node()) {
            where_ =
                path_ + ": node " + node.op_type() + " '" + (node.name().empty() ? node.output(0) : node.name()) + "'";
            addNode(node);
        }
        where_ = path_;
        if (source.output_size() == 2 && source.output(0).name() == contract::encoderConfidence &&
            source.output(1).name() == contract::encoderEmbedding) {  // an exported encoder, with its head
            graph_->output(contract::encoderEmbedding, edge(contract::encoderEmbedding));
            graph_->output(contract::encoderConfidence, edge(contract::encoderConfidence));
            return graph_;
        }
        if (source.output_size() != 1) {
            fail(std::to_string(source.output_size()) + " outputs, expected one, the embedding");
        }
        graph_->output(contract::encoderEmbedding, edge(source.output(0).name()));
        addConfidence();
        return graph_;
    }

private:
    [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(where_ + ": " + what); }

    void addInput(const onnx::ValueInfoProto& info) {
        where_ = path_ + ": input '" + info.name() + "'";
        const auto& dims = info.type().tensor_type().shape().dim();
        if (!edges_.empty() || dims.size() != 4 || dims[1].dim_value() != 3 || dims[2].dim_value() <= 0 ||
            dims[2].dim_value() != dims[3].dim_value()) {
            fail("expected one input of shape [N, 3, S, S]");
        }
        const int64_t side = dims[2].dim_value();
        edges_[info.name()] = graph_->input(contract::encoderImage, {3, side, side});
    }

    const std::string& edge(const std::string& name) const {
        const auto it = edges_.find(name);
        if (it == edges_.end()) {
            fail("its input '" + name + "' is made by no earlier node");
        }
        return it->second;
    }

    torch::Tensor constant(const std::string& name) const {
        const auto it = constants_.find(name);
        if (it == constants_.end()) {
            fail("'" + name + "' is expected to be a constant");
        }
        try {
            return tensorOf(*it->second, name);
        } catch (const std::runtime_error& error) {
            fail(error.what());
        }
    }

    /// The two paddings of a node whose four must be symmetric.
    std::vector<int64_t> padding(const onnx::NodeProto& node) const {
        const auto* automatic = find(node, "auto_pad");
        const auto pads = integers(node, "pads", {0, 0, 0, 0});
        if ((automatic && automatic->s() != "NOTSET") || pads.size() != 4 || pads[0] != pads[2] || pads[1] != pads[3]) {
            fail("its padding is automatic or not symmetric, which is not supported");
        }
        return {pads[0], pads[1]};
    }

    void assign(torch::Tensor& target, const torch::Tensor& value) const {
        if (target.numel() != value.numel()) {
            fail("weights of " + std::to_string(value.numel()) + " values, expected " + std::to_string(target.numel()));
        }
        torch::NoGradGuard noGrad;
        target.copy_(value.reshape(target.sizes()));
    }

    template <typename Holder>
    auto* last() const {
        return graph_->nodes().back().module->template as<Holder>();
    }

    void addNode(const onnx::NodeProto& node) {
        const std::string& op = node.op_type();
        if (node.output_size() < 1 || (op != "Constant" && node.input_size() < 1)) {
            fail("no output or no input");
        }
        std::string& out = edges_[node.output(0)];
        if (op == "Constant") {
            edges_.erase(node.output(0));
            const auto* value = find(node, "value");
            if (!value || !value->has_t()) {
                fail("expected a tensor in 'value'");
            }
            constants_[node.output(0)] = &value->t();
        } else if (op == "Identity" || op == "Dropout") {
            out = edge(node.input(0));
        } else if (op == "Conv") {
            out = addConv(node);
        } else if (op == "Gemm") {
            out = addGemm(node);
        } else if (op == "BatchNormalization") {
            out = addBatchNorm(node);
        } else if (op == "PRelu") {
            const torch::Tensor slope = constant(node.input(1));
            out = graph_->prelu(edge(node.input(0)), slope.numel());
            assign(last<torch::nn::PReLU>()->weight, slope);
        } else if (op == "Relu") {
            out = graph_->relu(edge(node.input(0)));
        } else if (op == "Clip") {
            auto bound = [&](int input, const char* name) {
                if (node.input_size() > input && !node.input(input).empty()) {
                    return constant(node.input(input)).item<double>();
                }
                const auto* a = find(node, name);
                if (!a) {
                    fail(std::string("no '") + name + "'");
                }
                return static_cast<double>(a->f());
            };
            const double low = bound(1, "min");
            out = graph_->clip(edge(node.input(0)), low, bound(2, "max"));
        } else if (op == "Sigmoid") {
            out = graph_->sigmoid(edge(node.input(0)));
        } else if (op == "Add") {
            if (node.input_size() != 2) {
                fail("expected two inputs");
            }
            out = graph_->add(edge(node.input(0)), edge(node.input(1)));
        } else if (op == "Flatten") {
            if (integer(node, "axis", 1) != 1) {
                fail("expected axis 1");
            }
            out = graph_->flatten(edge(node.input(0)));
        } else if (op == "Reshape") {
            if (node.input_size() != 2 || constant(node.input(1)).numel() != 2) {
                fail("only a reshape to [N, rest] is supported");
            }
            out = graph_->flatten(edge(node.input(0)));
        } else if (op == "Pad") {
            out = addPad(node);
        } else if (op == "Slice") {
            out = addSlice(node);
        } else if (op == "GlobalAveragePool") {
            out = graph_->globalAveragePool(edge(node.input(0)));
        } else if (op == "MaxPool" || op == "AveragePool") {
            GraphImpl::PoolShape shape;
            shape.kernel = integers(node, "kernel_shape", {});
            shape.stride = integers(node, "strides", {1, 1});
            shape.padding = padding(node);
            if (shape.kernel.size() != 2 || integer(node, "ceil_mode", 0) != 0 ||
                integer(node, "count_include_pad", 0) != 0) {
                fail("only two-dimensional pooling without ceil_mode and count_include_pad is supported");
            }
            out = op == "MaxPool" ? graph_->maxPool(edge(node.input(0)), shape)
                                  : graph_->averagePool(edge(node.input(0)), shape);
        } else {
            fail("this operator is not supported in an encoder");
        }
    }

    /// As drgan-export writes them about a depthwise convolution: zeros on a map's right, its first columns.
    std::string addPad(const onnx::NodeProto& node) {
        const auto* mode = find(node, "mode");
        std::vector<int64_t> pads = integers(node, "pads", {});
        const int64_t columns = pads.size() == 8 ? pads.back() : 0;
        if (node.input_size() != 1 || (mode && mode->s() != "constant") || number(node, "value", 0) != 0 ||
            columns < 1 || std::count(pads.begin(), pads.end(), 0) != 7) {
            fail("only zeros on the right of a map are supported");
        }
        return graph_->fillRight(edge(node.input(0)), columns);
    }

    std::string addSlice(const onnx::NodeProto& node) {
        std::vector<int64_t> values;  // start, end, axis
        for (int i = 1; i < 4 && node.input_size() == 4; ++i) {
            const torch::Tensor one = constant(node.input(i));
            values.push_back(one.numel() == 1 ? one.item<int64_t>() : -1);
        }
        if (values.size() != 3 || values[0] != 0 || values[1] < 1 || values[2] != 3) {
            fail("only the first columns of a map are supported");
        }
        return graph_->firstColumns(edge(node.input(0)), values[1]);
    }

    std::string addConv(const onnx::NodeProto& node) {
        torch::Tensor weight = constant(node.input(1));
        if (weight.dim() != 4 || integers(node, "dilations", {1, 1}) != std::vector<int64_t>{1, 1}) {
            fail("only two-dimensional convolutions without dilation are supported");
        }
        GraphImpl::ConvShape shape;
        shape.groups = integer(node, "group", 1);
        shape.out = weight.size(0);
        shape.in = weight.size(1) * shape.groups;
        shape.kernel = {weight.size(2), weight.size(3)};
        shape.stride = integers(node, "strides", {1, 1});
        shape.padding = padding(node);
        torch::Tensor bias =
            node.input_size() > 2 ? constant(node.input(2)) : torch::zeros({shape.out}, torch::kFloat32);
        const std::string& from = edge(node.input(0));
        if (from == contract::encoderImage) {
            foldConvention(weight, bias, shape);
            folded_ = true;
        }
        const std::string out = graph_->conv(from, shape);
        assign(last<torch::nn::Conv2d>()->weight, weight);
        assign(last<torch::nn::Conv2d>()->bias, bias);
        lastLayer_ = {from, shape.in, true};
        return out;
    }

    /// The contract's pixel x in [-1,1] is (127.5 x + 127.5 - mean) / scale to the recogniser.
    void foldConvention(torch::Tensor& weight, torch::Tensor& bias, const GraphImpl::ConvShape& shape) const {
        if (shape.in != 3 || shape.groups != 1) {
            fail("the first convolution has " + std::to_string(shape.in) + " input channels, expected 3");
        }
        for (int c = 0; c < 3; ++c) {
            auto w = weight.select(1, c);
            bias = bias + w.sum({1, 2}) * ((127.5 - convention_.mean[c]) / convention_.scale[c]);
            w.mul_(127.5 / convention_.scale[c]);
        }
        if (convention_.order == "BGR") {
            weight = weight.flip(1);
        }
    }

    std::string addGemm(const onnx::NodeProto& node) {
        torch::Tensor weight = constant(node.input(1));
        if (weight.dim() != 2 || number(node, "alpha", 1) != 1 || number(node, "beta", 1) != 1 ||
            integer(node, "transA", 0) != 0) {
            fail("expected plain weights: rank 2, alpha and beta 1, transA 0");
        }
        if (integer(node, "transB", 0) == 0) {
            weight = weight.t().contiguous();
        }
        const std::string& from = edge(node.input(0));
        const std::string out = graph_->linear(from, weight.size(1), weight.size(0));
        assign(last<torch::nn::Linear>()->weight, weight);
        assign(last<torch::nn::Linear>()->bias,
               node.input_size() > 2 ? constant(node.input(2)) : torch::zeros({weight.size(0)}));
        lastLayer_ = {from, weight.size(1), false};
        return out;
    }

    std::string addBatchNorm(const onnx::NodeProto& node) {
        if (node.input_size() != 5) {
            fail("expected five inputs");
        }
        const torch::Tensor scale = constant(node.input(1));
        const std::string out = graph_->batchNorm(edge(node.input(0)), scale.numel(), number(node, "epsilon", 1e-5));
        auto* module = last<torch::nn::BatchNorm2d>();
        assign(module->weight, scale);
        assign(module->bias, constant(node.input(2)));
        assign(module->running_mean, constant(node.input(3)));
        assign(module->running_var, constant(node.input(4)));
        return out;
    }

    void addConfidence() {
        if (!folded_) {
            fail("the picture does not go into a convolution first");
        }
        std::string x = lastLayer_.input;
        if (lastLayer_.spatial) {
            x = graph_->flatten(graph_->globalAveragePool(x));
        }
        x = graph_->linear(x, lastLayer_.channels, 1);
        torch::NoGradGuard noGrad;
        last<torch::nn::Linear>()->weight.zero_();
        last<torch::nn::Linear>()->bias.zero_();
        graph_->output(contract::encoderConfidence, graph_->sigmoid(x));
    }

    struct Layer {
        std::string input;
        int64_t channels = 0;
        bool spatial = false;
    };

    std::string path_, where_;
    InputConvention convention_;
    onnx::ModelProto model_;
    Graph graph_;
    std::map<std::string, std::string> edges_;  // name in the file -> edge of the graph
    std::map<std::string, const onnx::TensorProto*> constants_;
    Layer lastLayer_;
    bool folded_ = false;
};

}  // namespace

Graph importOnnxEncoder(const std::string& path, const InputConvention& convention) {
    return Importer(path, convention).run();
}

}  // namespace drgan::nn
