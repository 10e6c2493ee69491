//! A GGUF file, mapped into memory: its metadata, and its tensors' bytes.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use memmap2::{Mmap, UncheckedAdvice};

use super::matrix::{Matrix, row_bytes};

pub struct Gguf {
    pub path: PathBuf,
    content: Content,
    map: Mmap,
}

/// A tensor of the file.
pub struct Tensor<'a> {
    pub dtype: GgmlDType,
    /// Rows; 1 for a vector.
    pub n_out: usize,
    /// Numbers of a row.
    pub n_in: usize,
    pub raw: &'a [u8],
}

impl Gguf {
    pub fn open(path: &Path) -> Result<Gguf> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
        // SAFETY: a file that another program shortens meanwhile ends this process; our own are never changed in place.
        let map = unsafe { Mmap::map(&file) }.with_context(|| format!("{name} cannot be mapped into memory"))?;
        let content = Content::read(&mut Cursor::new(&map[..]))
            .map_err(|error| anyhow!("{name} is no GGUF file, or a broken one ({error}); get it anew"))?;
        Ok(Gguf { path: path.to_path_buf(), content, map })
    }

    /// Bytes of the file.
    pub fn n_bytes(&self) -> usize {
        self.map.len()
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.to_string().ok().map(String::as_str)
    }

    /// A whole number of any width.
    pub fn number(&self, key: &str) -> Option<usize> {
        whole(self.value(key)?)
    }

    pub fn float(&self, key: &str) -> Option<f32> {
        self.value(key)?.to_f32().ok()
    }

    pub fn texts(&self, key: &str) -> Option<Vec<&str>> {
        let values = self.value(key)?.to_vec().ok()?;
        values.iter().map(|value| value.to_string().ok().map(String::as_str)).collect()
    }

    pub fn numbers(&self, key: &str) -> Option<Vec<usize>> {
        self.value(key)?.to_vec().ok()?.iter().map(whole).collect()
    }

    /// A number that the model cannot do without.
    pub fn needed(&self, key: &str) -> Result<usize> {
        let path = self.path.display();
        self.number(key).with_context(|| format!("{path} does not say `{key}`; get a complete file"))
    }

    pub fn has(&self, tensor: &str) -> bool {
        self.content.tensor_infos.contains_key(tensor)
    }

    pub fn tensor(&self, name: &str) -> Result<Tensor<'_>> {
        let path = self.path.display();
        let TensorInfo { ggml_dtype: dtype, shape, offset } = self
            .content
            .tensor_infos
            .get(name)
            .with_context(|| format!("{path} has no tensor `{name}`; get a complete file"))?;
        let (n_out, n_in) = match *shape.dims() {
            [n_in] => (1, n_in),
            [n_out, n_in] => (n_out, n_in),
            ref dims => bail!("{path}: tensor `{name}` has {} dimensions", dims.len()),
        };
        let n_bytes = match dtype {
            GgmlDType::F32 => 4 * n_out * n_in,
            dtype => n_out * row_bytes(*dtype, n_in).with_context(|| format!("{path}: `{name}`"))?,
        };
        let start = self.content.tensor_data_offset as usize + *offset as usize;
        // Numbers are read where they lie, and none is wider.
        if !start.is_multiple_of(4) {
            bail!("{path}: tensor `{name}` does not begin at a multiple of 4 bytes; get it anew");
        }
        let raw = self.map.get(start..start + n_bytes);
        let raw = raw.with_context(|| format!("{path} ends inside of tensor `{name}`; get it anew"))?;
        Ok(Tensor { dtype: *dtype, n_out, n_in, raw })
    }

    /// A tensor of `n_out` rows of `n_in`.
    pub fn rows(&self, name: &str, n_out: usize, n_in: usize) -> Result<Tensor<'_>> {
        let tensor = self.tensor(name)?;
        if (tensor.n_out, tensor.n_in) != (n_out, n_in) {
            let (path, has) = (self.path.display(), (tensor.n_out, tensor.n_in));
            bail!("{path}: tensor `{name}` is {has:?} where its metadata say {:?}", (n_out, n_in));
        }
        Ok(tensor)
    }

    /// A tensor of `n_out` rows of `n_in`, packed for the kernels.
    pub fn matrix(&self, name: &str, n_out: usize, n_in: usize) -> Result<Matrix> {
        let tensor = self.rows(name, n_out, n_in)?;
        Matrix::pack(tensor.dtype, n_out, n_in, tensor.raw).with_context(|| format!("tensor `{name}`"))
    }

    /// A vector of `n` numbers, as floats.
    pub fn vector(&self, name: &str, n: usize) -> Result<Vec<f32>> {
        let tensor = self.tensor(name)?;
        if tensor.n_out * tensor.n_in != n {
            bail!("{}: tensor `{name}` has {} numbers instead of {n}", self.path.display(), tensor.n_out * tensor.n_in);
        }
        tensor.row(0)
    }

    /// Gives the file's pages back to the system; they are read again when they are needed.
    pub fn forget_pages(&self) {
        // SAFETY: the mapping is shared and read-only, so no content is lost. Failing costs nothing but memory.
        let _ = unsafe { self.map.unchecked_advise(UncheckedAdvice::DontNeed) };
    }
}

impl Tensor<'_> {
    /// One row, as floats.
    pub fn row(&self, i: usize) -> Result<Vec<f32>> {
        let n_bytes = self.raw.len() / self.n_out;
        let raw = self.raw.get(i * n_bytes..(i + 1) * n_bytes).context("there is no such row")?;
        let storage = QStorage::from_data(raw.into(), &Device::Cpu, self.dtype)?;
        Ok(QTensor::new(storage, self.n_in)?.dequantize(&Device::Cpu)?.to_vec1()?)
    }
}

fn whole(value: &Value) -> Option<usize> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::U16(n) => Some(n.into()),
        Value::U32(n) => Some(n as usize),
        Value::U64(n) => Some(n as usize),
        Value::I8(n) => n.try_into().ok(),
        Value::I16(n) => n.try_into().ok(),
        Value::I32(n) => n.try_into().ok(),
        Value::I64(n) => n.try_into().ok(),
        _ => None,
    }
}
