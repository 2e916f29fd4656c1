//! argon2id in memory that is given back: what one hash needs is taken from the system for it alone. No policy here.

use argon2::{
    Algorithm, Argon2, Block, CustomizedPasswordHasher, Params, PasswordHash, PasswordHasher, Version,
    password_hash::{
        Error, Result,
        phc::{Output, ParamsString, Salt},
    },
};

/// Blocks that are asked for at least, most of them never touched. The system's allocator maps anything above 32 MiB by
/// itself and unmaps it when it is freed; smaller ones it keeps, 19 MiB for each thread that ever hashed.
const UNKEPT: usize = (33 << 20) / Block::SIZE;

/// Hashes like [`Argon2`], byte for byte.
#[derive(Clone, Debug)]
pub(super) struct Hasher {
    algorithm: Algorithm,
    version: Version,
    params: Params,
}

impl Hasher {
    /// argon2id with these parameters.
    pub(super) fn new(params: Params) -> Self {
        Self { algorithm: Algorithm::Argon2id, version: Version::V0x13, params }
    }
}

impl PasswordHasher<PasswordHash> for Hasher {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        let salt = Salt::new(salt)?;
        let length = self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut buffer = [0; Output::MAX_LENGTH];
        let out = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let blocks = self.params.block_count();
        let mut memory = Vec::with_capacity(blocks.max(UNKEPT));
        memory.resize_with(blocks, Block::default);
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        argon2.hash_password_into_with_memory(password, &salt, out, &mut memory)?;
        Ok(PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

/// With this, verifying comes from the library: parameters as the hash says, compared in constant time.
impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        Self { algorithm, version, params }.hash_password_with_salt(password, salt)
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn it_hashes_and_verifies_like_the_library() {
        let params = Params::new(64, 2, 1, None).unwrap();
        let (ours, theirs) = (Hasher::new(params.clone()), Argon2::from(params));
        let (password, salt) = (b"correct horse".as_slice(), b"sixteen bytes ok".as_slice());
        let hash = ours.hash_password_with_salt(password, salt).unwrap();
        assert_eq!(hash.to_string(), theirs.hash_password_with_salt(password, salt).unwrap().to_string());
        let stronger = Argon2::from(Params::new(128, 3, 2, None).unwrap()).hash_password(password).unwrap();
        for hash in [&hash, &stronger] {
            assert!(ours.verify_password(password, hash).is_ok());
            assert!(ours.verify_password(b"wrong horse", hash).is_err());
        }
    }
}
