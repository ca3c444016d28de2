// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/onnx_reader.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

#include "nn/graph/onnx_values.hpp"

namespace drgan::nn {

namespace {

class Reader {
public:
    Reader(std::string path, OnnxReading reading) : path_(std::move(path)), reading_(std::move(reading)) {
        std::ifstream file(path_, std::ios::binary);
        if (!file) {
            throw std::runtime_error(path_ + ": cannot be opened");
        }
        if (!model_.ParseFromIstream(&file)) {
            throw std::runtime_error(path_ + ": not an ONNX file, or cut short");
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
        for (const auto& item : source.output()) {
            graph_->output(item.name(), edge(item.name()));
        }
        return graph_;
    }

private:
    using Node = onnx::NodeProto;

    [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(where_ + ": " + what); }

    void addInput(const onnx::ValueInfoProto& info) {
        where_ = path_ + ": input '" + info.name() + "'";
        const auto& dims = info.type().tensor_type().shape().dim();
        if (dims.size() < 2 || (!reading_.onlyInput.empty() && !edges_.empty())) {
            fail(dims.size() < 2 ? "expected a batch axis and one more at least" : "expected one input");
        }
        std::vector<int64_t> shape;
        for (int i = 1; i < dims.size(); ++i) {
            shape.push_back(dims[i].dim_value() > 0 ? dims[i].dim_value() : -1);
        }
        edges_[info.name()] = graph_->input(reading_.onlyInput.empty() ? info.name() : reading_.onlyInput, shape);
    }

    const std::string& edge(const std::string& name) const {
        const auto it = edges_.find(name);
        if (it == edges_.end()) {
            fail("its input '" + name + "' is made by no earlier node");
        }
        return it->second;
    }
    const std::string& from(const Node& node) const { return edge(node.input(0)); }

    torch::Tensor constant(const Node& node, int input) const {
        if (node.input_size() <= input) {
            fail(std::to_string(node.input_size()) + " inputs, expected " + std::to_string(input + 1));
        }
        const std::string& name = node.input(input);
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

    /// The weights of a layer, its second input.
    torch::Tensor weights(const Node& node) const {
        if (node.input_size() < 2 || node.input(1).empty()) {
            fail("it has no weights");
        }
        if (constants_.count(node.input(1)) == 0) {
            fail("its weights '" + node.input(1) + "' are not in the file as a constant");
        }
        torch::Tensor result;
        try {
            result = constant(node, 1);
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(std::string(error.what()) + " (its weights)");
        }
        if (result.numel() == 0) {
            fail("its weights '" + node.input(1) + "' are empty");
        }
        return result;
    }

    /// The two paddings of a node whose four must be symmetric.
    std::vector<int64_t> padding(const Node& node) const {
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

    void addNode(const Node& node) {
        if (node.output_size() < 1 || (node.op_type() != "Constant" && node.input_size() < 1)) {
            fail("no output or no input");
        }
        if (node.op_type() == "Constant") {
            const auto* value = find(node, "value");
            if (!value || !value->has_t()) {
                fail("expected a tensor in 'value'");
            }
            constants_[node.output(0)] = &value->t();
            return;
        }
        using Method = std::string (Reader::*)(const Node&);
        static const std::map<std::string, Method> methods{
            {"Conv", &Reader::addConv},       {"ConvTranspose", &Reader::addConv},
            {"Gemm", &Reader::addGemm},       {"BatchNormalization", &Reader::addBatchNorm},
            {"PRelu", &Reader::addPRelu},     {"Elu", &Reader::addElu},
            {"Clip", &Reader::addClip},       {"Softmax", &Reader::addSoftmax},
            {"Add", &Reader::addAdd},         {"Concat", &Reader::addConcat},
            {"Flatten", &Reader::addFlatten}, {"Reshape", &Reader::addReshape},
            {"Resize", &Reader::addResize},   {"Pad", &Reader::addPad},
            {"Slice", &Reader::addSlice},     {"MaxPool", &Reader::addPool},
            {"AveragePool", &Reader::addPool}};
        using Plain = std::string (GraphImpl::*)(const std::string&);
        static const std::map<std::string, Plain> plain{{"Relu", &GraphImpl::relu},
                                                        {"Tanh", &GraphImpl::tanh},
                                                        {"Sigmoid", &GraphImpl::sigmoid},
                                                        {"GlobalAveragePool", &GraphImpl::globalAveragePool}};
        const auto method = methods.find(node.op_type());
        const auto simple = plain.find(node.op_type());
        std::string out;
        if (method != methods.end()) {
            out = (this->*method->second)(node);
        } else if (simple != plain.end()) {
            out = ((*graph_).*simple->second)(from(node));
        } else if (node.op_type() == "Identity" || node.op_type() == "Dropout") {
            out = from(node);
        } else {
            fail("this operator is not supported");
        }
        edges_[node.output(0)] = out;
    }

    std::string addConv(const Node& node) {
        const bool transposed = node.op_type() == "ConvTranspose";
        const torch::Tensor weight = weights(node);
        if (weight.dim() != 4 || integers(node, "dilations", {1, 1}) != std::vector<int64_t>{1, 1}) {
            fail("only two-dimensional convolutions without dilation are supported");
        }
        if (find(node, "output_shape")) {
            fail("a convolution of a given output shape is not supported");
        }
        GraphImpl::ConvShape shape;
        shape.groups = integer(node, "group", 1);
        shape.in = transposed ? weight.size(0) : weight.size(1) * shape.groups;
        shape.out = transposed ? weight.size(1) * shape.groups : weight.size(0);
        shape.kernel = {weight.size(2), weight.size(3)};
        shape.stride = integers(node, "strides", {1, 1});
        shape.padding = padding(node);
        shape.outputPadding = integers(node, "output_padding", {0, 0});
        const bool biased = node.input_size() > 2;
        shape.bias = biased || reading_.everyBias;
        const torch::Tensor bias = biased ? constant(node, 2) : torch::zeros({shape.out});
        const auto fill = [&](auto* module) {
            assign(module->weight, weight);
            if (shape.bias) {
                assign(module->bias, bias);
            }
        };
        if (shape.groups < 1 || shape.in % shape.groups != 0 || shape.out % shape.groups != 0) {
            fail("its weights cannot be divided into " + std::to_string(shape.groups) + " groups");
        }
        const std::string out = transposed ? graph_->convTranspose(from(node), shape) : graph_->conv(from(node), shape);
        if (transposed) {
            fill(last<torch::nn::ConvTranspose2d>());
        } else {
            fill(last<torch::nn::Conv2d>());
        }
        return out;
    }

    std::string addGemm(const Node& node) {
        torch::Tensor weight = weights(node);
        if (weight.dim() != 2 || number(node, "alpha", 1) != 1 || number(node, "beta", 1) != 1 ||
            integer(node, "transA", 0) != 0) {
            fail("expected plain weights: rank 2, alpha and beta 1, transA 0");
        }
        if (integer(node, "transB", 0) == 0) {
            weight = weight.t().contiguous();
        }
        const std::string out = graph_->linear(from(node), weight.size(1), weight.size(0));
        assign(last<torch::nn::Linear>()->weight, weight);
        assign(last<torch::nn::Linear>()->bias,
               node.input_size() > 2 ? constant(node, 2) : torch::zeros({weight.size(0)}));
        return out;
    }

    std::string addBatchNorm(const Node& node) {
        if (node.input_size() != 5) {
            fail("expected five inputs");
        }
        const torch::Tensor scale = constant(node, 1);
        const std::string out = graph_->batchNorm(from(node), scale.numel(), number(node, "epsilon", 1e-5));
        auto* module = last<torch::nn::BatchNorm2d>();
        assign(module->weight, scale);
        assign(module->bias, constant(node, 2));
        assign(module->running_mean, constant(node, 3));
        assign(module->running_var, constant(node, 4));
        return out;
    }

    std::string addPRelu(const Node& node) {
        const torch::Tensor slope = weights(node);
        const std::string out = graph_->prelu(from(node), slope.numel());
        assign(last<torch::nn::PReLU>()->weight, slope);
        return out;
    }

    std::string addElu(const Node& node) {
        if (number(node, "alpha", 1) != 1) {
            fail("expected alpha 1");
        }
        return graph_->elu(from(node));
    }

    std::string addClip(const Node& node) {
        auto bound = [&](int input, const char* name) {
            if (node.input_size() > input && !node.input(input).empty()) {
                return constant(node, input).item<double>();
            }
            const auto* a = find(node, name);
            if (!a) {
                fail(std::string("no '") + name + "'");
            }
            return static_cast<double>(a->f());
        };
        const double low = bound(1, "min");
        return graph_->clip(from(node), low, bound(2, "max"));
    }

    std::string addSoftmax(const Node& node) {
        if (integer(node, "axis", 1) != -1) {
            fail("expected axis -1");
        }
        return graph_->softmax(from(node));
    }

    std::string addAdd(const Node& node) {
        if (node.input_size() != 2) {
            fail("expected two inputs");
        }
        return graph_->add(from(node), edge(node.input(1)));
    }

    std::string addConcat(const Node& node) {
        if (integer(node, "axis", -1) != 1) {
            fail("expected axis 1");
        }
        std::vector<std::string> parts;
        for (const auto& name : node.input()) {
            parts.push_back(edge(name));
        }
        return graph_->concat(parts);
    }

    std::string addFlatten(const Node& node) {
        if (integer(node, "axis", 1) != 1) {
            fail("expected axis 1");
        }
        return graph_->flatten(from(node));
    }

    std::string addReshape(const Node& node) {
        const torch::Tensor wanted = constant(node, 1).flatten();
        if (wanted.numel() < 2 || wanted.scalar_type() != torch::kInt64) {
            fail("only a reshape to [N, ...] is supported");
        }
        if (wanted.numel() == 2) {
            return graph_->flatten(from(node));
        }
        const std::vector<int64_t> shape(wanted.data_ptr<int64_t>(), wanted.data_ptr<int64_t>() + wanted.numel());
        if (shape.front() != -1 || *std::min_element(shape.begin() + 1, shape.end()) < 1) {
            fail("only a reshape to [-1, ...] with given sizes is supported");
        }
        return graph_->reshape(from(node), {shape.begin() + 1, shape.end()});
    }

    std::string addResize(const Node& node) {
        const auto* mode = find(node, "mode");
        if (node.input_size() != 2 || (mode && mode->s() != "nearest") ||
            !torch::equal(constant(node, 1).flatten(), torch::tensor({1.F, 1.F, 2.F, 2.F}))) {
            fail("only the nearest neighbour at twice the size is supported, given by scales only");
        }
        return graph_->upsample(from(node));
    }

    /// As drgan-export writes them about a depthwise convolution: zeros on a map's right, its first columns.
    std::string addPad(const Node& node) {
        const auto* mode = find(node, "mode");
        std::vector<int64_t> pads = integers(node, "pads", {});
        const int64_t columns = pads.size() == 8 ? pads.back() : 0;
        if (node.input_size() != 1 || (mode && mode->s() != "constant") || number(node, "value", 0) != 0 ||
            columns < 1 || std::count(pads.begin(), pads.end(), 0) != 7) {
            fail("only zeros on the right of a map are supported");
        }
        return graph_->fillRight(from(node), columns);
    }

    std::string addSlice(const Node& node) {
        std::vector<int64_t> values;  // start, end, axis
        for (int i = 1; i < 4 && node.input_size() == 4; ++i) {
            const torch::Tensor one = constant(node, i);
            values.push_back(one.numel() == 1 ? one.item<int64_t>() : -1);
        }
        if (values.size() != 3 || values[0] != 0 || values[1] < 1 || values[2] != 3) {
            fail("only the first columns of a map are supported");
        }
        return graph_->firstColumns(from(node), values[1]);
    }

    std::string addPool(const Node& node) {
        GraphImpl::PoolShape shape;
        shape.kernel = integers(node, "kernel_shape", {});
        shape.stride = integers(node, "strides", {1, 1});
        shape.padding = padding(node);
        if (shape.kernel.size() != 2 || integer(node, "ceil_mode", 0) != 0 ||
            integer(node, "count_include_pad", 0) != 0) {
            fail("only two-dimensional pooling without ceil_mode and count_include_pad is supported");
        }
        return node.op_type() == "MaxPool" ? graph_->maxPool(from(node), shape)
                                           : graph_->averagePool(from(node), shape);
    }

    std::string path_, where_;
    OnnxReading reading_;
    onnx::ModelProto model_;
    Graph graph_;
    std::map<std::string, std::string> edges_;  // name in the file -> edge of the graph
    std::map<std::string, const onnx::TensorProto*> constants_;
};

}  // namespace

Graph readOnnx(const std::string& path, const OnnxReading& reading) { return Reader(path, reading).run(); }

}  // namespace drgan::nn
