//! What may stand where a function takes one path or several.

use std::path::{Path, PathBuf};

/// One path, or any number of them: `"a.proto"`, `["a.proto", "b.proto"]`, `&paths[..]`, a `Vec<PathBuf>`.
///
/// Where none are meant, write `&[] as &[&str]`, or [`NO_PATHS`].
///
/// Sealed: it is there to make arguments comfortable.
pub trait Paths: sealed::Sealed {
    /// The paths, owned, in their order.
    fn into_paths(self) -> Vec<PathBuf>;
}

/// No paths, where a [`Paths`] is asked for: the default include folders, for one.
pub const NO_PATHS: [&str; 0] = [];

mod sealed {
    pub trait Sealed {}
}

macro_rules! one {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl Paths for $type {
            fn into_paths(self) -> Vec<PathBuf> {
                vec![PathBuf::from(self)]
            }
        }
    )*};
}
one!(&str, String, &String, &Path, PathBuf);

impl sealed::Sealed for &PathBuf {}
impl Paths for &PathBuf {
    fn into_paths(self) -> Vec<PathBuf> {
        vec![self.clone()]
    }
}

macro_rules! several {
    ($([$($generic:tt)*] $type:ty),*) => {$(
        impl<$($generic)*> sealed::Sealed for $type {}
        impl<$($generic)*> Paths for $type {
            fn into_paths(self) -> Vec<PathBuf> {
                self.iter().map(|path| path.as_ref().to_path_buf()).collect()
            }
        }
    )*};
}
several!(
    [T: AsRef<Path>] &[T],
    [T: AsRef<Path>] Vec<T>,
    [T: AsRef<Path>] &Vec<T>,
    [T: AsRef<Path>, const N: usize] [T; N],
    [T: AsRef<Path>, const N: usize] &[T; N]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several() {
        let a = vec![PathBuf::from("a")];
        assert_eq!("a".into_paths(), a);
        assert_eq!(String::from("a").into_paths(), a);
        assert_eq!(Path::new("a").into_paths(), a);
        assert_eq!((&a[0]).into_paths(), a);
        assert_eq!(["a"].into_paths(), a);
        assert_eq!((&["a"]).into_paths(), a);
        assert_eq!((&a).into_paths(), a);
        assert_eq!((&a[..]).into_paths(), a);
        assert_eq!(vec!["a"].into_paths(), a);
        assert_eq!(NO_PATHS.into_paths(), Vec::<PathBuf>::new());
    }
}
