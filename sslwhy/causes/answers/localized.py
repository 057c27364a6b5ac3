"""What .NET Framework and WCF print where a TLS channel fails, in the languages that Windows servers are installed in."""

from __future__ import annotations


JAPANESE_TRUST = "SSL/TLS のセキュリティで保護されているチャネルに対する信頼関係を確立できませんでした"
"""The Japanese text of ``TRUST``, where WCF names the host before it."""

TRUST = (
    "Could not establish trust relationship for the SSL/TLS secure channel",
    "Não foi possível estabelecer relação de confiança para o canal seguro de SSL/TLS",
    "Não foi possível estabelecer uma relação de confiança para o canal seguro de SSL/TLS",
    "Não foi possível estabelecer relação de confiança para o canal seguro SSL/TLS",
    "Não foi possível estabelecer uma relação de confiança para o canal seguro SSL/TLS",
    "Für den geschützten SSL/TLS-Kanal konnte keine Vertrauensstellung hergestellt werden",
    "Für den sicheren SSL/TLS-Kanal konnte keine Vertrauensstellung hergestellt werden",
    "Es konnte keine Vertrauensstellung für den sicheren SSL/TLS-Kanal",
    "Impossible d'établir une relation de confiance pour le canal sécurisé SSL/TLS",
    "No se puede establecer una relación de confianza para el canal seguro SSL/TLS",
    "No se pudo establecer una relación de confianza para el canal seguro SSL/TLS",
    "Impossibile stabilire una relazione di trust per il canale sicuro SSL/TLS",
    "Kan geen vertrouwensrelatie tot stand brengen voor het beveiligde SSL/TLS-kanaal",
    "Nie można ustanowić relacji zaufania dla bezpiecznego kanału SSL/TLS",
    JAPANESE_TRUST,
    "未能为 SSL/TLS 安全通道建立信任关系",
    "未能为SSL/TLS 安全通道建立信任关系",
    "无法为 SSL/TLS 安全通道建立信任关系",
    "无法为 SSL/TLS 安全通道与颁发机构“",
    "無法為 SSL/TLS 安全通道建立信任關係",
    "Не удалось установить доверительные отношения для защищенного канала SSL/TLS",
)
"""``WebExceptionStatus.TrustFailure`` and WCF's ``TrustFailure``."""

CERTIFICATE = (
    "The remote certificate is invalid according to the validation procedure",
    "Das Remotezertifikat ist laut Validierungsverfahren ungültig",
    "O certificado remoto é inválido de acordo com o procedimento de validação",
    "El certificado remoto no es válido según el procedimiento de validación",
    "Le certificat distant n'est pas valide selon la procédure de validation",
    "根据验证过程，远程证书无效",
)
"""``AuthenticationException`` of ``SslStream``."""

CHANNEL = (
    "Could not create SSL/TLS secure channel",
    "Could not establish secure channel for SSL/TLS",
    "Não foi possível criar um canal seguro para SSL/TLS",
    "Es konnte kein geschützter SSL/TLS-Kanal erstellt werden",
    "Impossible de créer un canal sécurisé SSL/TLS",
    "No se puede crear un canal seguro SSL/TLS",
    "Impossibile creare un canale sicuro SSL/TLS",
    "Kan geen beveiligd SSL/TLS-kanaal maken",
    "Nie można utworzyć bezpiecznego kanału SSL/TLS",
    "SSL/TLS のセキュリティで保護されているチャネルを作成できませんでした",
    "未能创建 SSL/TLS 安全通道",
    "Не удалось создать защищенный канал SSL/TLS",
)
"""``WebExceptionStatus.SecureChannelFailure``."""

AUTHORITY = (
    " with authority",
    " com autoridade",
    " com a autoridade",
    " mit Autorität",
    " mit der Stelle",
    " avec l'autorité",
    " con la autoridad",
    " con l'autorità",
    " met autoriteit",
    " z urzędem",
)
"""How WCF goes on to name the host."""
