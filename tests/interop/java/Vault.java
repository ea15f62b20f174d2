import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cryptomator.cryptofs.CryptoFileSystem;
import org.cryptomator.cryptofs.CryptoFileSystemProperties;
import org.cryptomator.cryptofs.CryptoFileSystemProvider;
import org.cryptomator.cryptofs.VaultConfig;
import org.cryptomator.cryptofs.health.api.HealthCheck;
import org.cryptomator.cryptofs.migration.Migrators;
import org.cryptomator.cryptofs.migration.api.MigrationContinuationListener.ContinuationResult;
import org.cryptomator.cryptolib.api.Cryptor;
import org.cryptomator.cryptolib.api.CryptorProvider;
import org.cryptomator.cryptolib.api.Masterkey;
import org.cryptomator.cryptolib.api.MasterkeyLoader;
import org.cryptomator.cryptolib.common.MasterkeyFileAccess;

/** A vault as a whole, by the calls that the desktop application makes. */
final class Vault {
	private static final String CONFIG = "vault.cryptomator";
	private static final String MASTERKEY = "masterkey.cryptomator";
	private static final int FORMAT = 8;

	private final SecureRandom random = new SecureRandom();
	private final MasterkeyFileAccess keys =
	    new MasterkeyFileAccess(new byte[0], random);
	private final Path path;
	private final String password;

	Vault(String path, String password) {
		this.path = Path.of(path);
		this.password = password;
	}

	private MasterkeyLoader loader() {
		return id -> keys.load(path.resolve(MASTERKEY), password);
	}

	void init(String combo, int threshold) throws IOException {
		Files.createDirectory(path);
		try (Masterkey key = Masterkey.generate(random)) {
			keys.persist(key, path.resolve(MASTERKEY), password);
		}
		CryptoFileSystemProvider.initialize(path,
		    CryptoFileSystemProperties.cryptoFileSystemProperties()
			.withCipherCombo(CryptorProvider.Scheme.valueOf(combo))
			.withShorteningThreshold(threshold)
			.withKeyLoader(loader()).build(),
		    URI.create("masterkeyfile:" + MASTERKEY));
	}

	CryptoFileSystem open() throws IOException {
		return CryptoFileSystemProvider.newFileSystem(path,
		    CryptoFileSystemProperties.cryptoFileSystemProperties()
			.withKeyLoader(loader()).build());
	}

	/** As the application changes it: the old file stays as a backup. */
	void passwd(String next) throws IOException {
		Path file = path.resolve(MASTERKEY);
		byte[] changed = keys.changePassphrase(
		    Files.readAllBytes(file), password, next);
		Files.move(file, path.resolve(MASTERKEY + ".old.bkup"));
		Files.write(file, changed);
	}

	/** Format 7 is this, with SIV_CTRMAC and 220 (vault-format 2.5). */
	void downgrade() throws IOException {
		try (Masterkey key = loader().loadKey(null)) {
			keys.persist(key, path.resolve(MASTERKEY), password,
			    7);
		}
		Files.delete(path.resolve(CONFIG));
	}

	void migrate() throws Exception {
		Migrators.get().migrate(path, CONFIG, MASTERKEY, password,
		    (state, progress) -> { },
		    event -> ContinuationResult.PROCEED);
	}

	/** The names of all health checks, and every result of each. */
	Map<String, Object> check() throws IOException {
		List<Object> names = new ArrayList<>();
		List<Object> out = new ArrayList<>();
		String token = Files.readString(path.resolve(CONFIG));
		try (Masterkey key = loader().loadKey(null)) {
			VaultConfig config = VaultConfig.decode(token)
			    .verify(key.getEncoded(), FORMAT);
			Cryptor cryptor = CryptorProvider
			    .forScheme(config.getCipherCombo())
			    .provide(key.copy(), random);
			for (HealthCheck c : HealthCheck.allChecks()) {
				names.add(c.name());
				c.check(path, config, key, cryptor, r ->
				    out.add(Map.of("check", c.name(),
				    "severity", r.getSeverity().name(),
				    "kind", r.getClass().getSimpleName(),
				    "text", r.toString())));
			}
			cryptor.destroy();
		}
		return Map.of("checks", names, "results", out);
	}
}
